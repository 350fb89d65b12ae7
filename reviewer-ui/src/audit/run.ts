// One query at a time: running, answered, or failed; and its answer as CSV.
import { signal } from '@preact/signals';
import { ApiError, call, callBlob } from '../base/api';
import { t } from '../texts';
import type { AuditAsked, AuditTable } from './types';

export type Run =
  | { state: 'none' }
  | { state: 'running'; since: string }
  | { state: 'cancelled' }
  | { state: 'answered'; asked: AuditAsked; table: AuditTable }
  | { state: 'failed'; error: unknown };

export const current = signal<Run>({ state: 'none' });
let stop: AbortController | null = null;

// Whoever leaves ends the query: the api tells the database.
export function cancel(next: Run = { state: 'cancelled' }): void {
  stop?.abort();
  stop = null;
  current.value = next;
}

export async function ask(asked: AuditAsked): Promise<void> {
  cancel({ state: 'running', since: new Date().toISOString() });
  const mine = (stop = new AbortController());
  const settle = (next: Run) => {
    if (stop === mine) current.value = next;
  };
  try {
    const options = { body: asked, signal: mine.signal };
    const table = await call<AuditTable>('/api/audit/query', options);
    settle({ state: 'answered', asked, table });
  } catch (error) {
    settle({ state: 'failed', error });
  }
}

export async function download(asked: AuditAsked): Promise<void> {
  try {
    const blob = await callBlob('/api/audit/query?format=csv', { body: asked });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${'question' in asked ? asked.question : 'query'}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    current.value = { state: 'failed', error };
  }
}

export interface Place {
  line: number;
  column: number;
  words: string;
}

// Where in the statement the database found its error.
export function placeOf(error: unknown): Place | null {
  if (!(error instanceof ApiError)) return null;
  const found = /^line (\d+), column (\d+): (.*)$/s.exec(error.message);
  if (!found) return null;
  return { line: Number(found[1]), column: Number(found[2]), words: found[3] ?? t.errors.other };
}
