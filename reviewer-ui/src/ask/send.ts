// Checks the draft, sends it once, and says which field an error belongs to.
import { ApiError, call, randomKey } from '../base/api';
import { errorText } from '../base/messages';
import { me } from '../base/session';
import { firstLine } from '../base/title';
import type { Limits, Sent } from '../base/types';
import { canonicalCode, draft, write, type Draft } from './draft';
import { uploads } from './files';
import { t } from '../texts';

export type FieldName = 'question' | 'code' | 'files' | 'where' | 'wall' | 'memory' | 'form';
export interface Problem {
  field: FieldName;
  text: string;
}

const megabyte = 1024 * 1024;

function wholeNumber(text: string): number | null {
  if (!text.trim()) return 0;
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : null;
}

export function checkDraft(now: Draft): Problem | null {
  const settings = me.value?.settings;
  if (!settings) return { field: 'form', text: t.ask.failed };
  const code = canonicalCode(now.code);
  if (!code.trim()) return { field: 'code', text: t.ask.needCode };
  if (new TextEncoder().encode(code).length > settings.max_code_bytes)
    return { field: 'code', text: t.ask.tooLong(settings.max_code_bytes) };
  if (code.split('\n').length > settings.max_code_lines)
    return { field: 'code', text: t.ask.tooManyLines(settings.max_code_lines) };
  // A file that could not be added must not be left out unnoticed.
  if (uploads.value.length > 0) return { field: 'files', text: t.ask.badFile };
  const wall = wholeNumber(now.wallSeconds);
  if (wall === null || wall * 1000 > settings.limits.wall_ms)
    return { field: 'wall', text: t.ask.badNumber };
  const memory = wholeNumber(now.memoryMb);
  if (memory === null || memory * megabyte > settings.limits.memory_bytes)
    return { field: 'memory', text: t.ask.badNumber };
  return null;
}

function limitsOf(now: Draft): Partial<Limits> | null {
  const wall = wholeNumber(now.wallSeconds);
  const memory = wholeNumber(now.memoryMb);
  const limits: Partial<Limits> = {
    ...(wall && { wall_ms: wall * 1000 }),
    ...(memory && { memory_bytes: memory * megabyte }),
  };
  return Object.keys(limits).length ? limits : null;
}

// A draft may be older than what is offered.
export function chosenSandbox({ sandbox }: Draft): string {
  return me.value?.settings.sandboxes?.includes(sandbox) ? sandbox : '';
}

function bodyOf(now: Draft): Record<string, unknown> {
  const title = firstLine(now.question);
  const limits = limitsOf(now);
  const files = now.files.map(({ id }) => ({ id }));
  const body = {
    language: now.language,
    code: canonicalCode(now.code),
    files,
    ...(limits && { limits }),
  };
  if (now.revises) return { ...body, revision: now.revises.revision };
  return {
    ...body,
    retry_safe: now.retrySafe,
    ...(chosenSandbox(now) && { sandbox: chosenSandbox(now) }),
    ...(now.failFast && { when_unavailable: 'fail' }),
    ...(title && { title, question: now.question.trim() }),
  };
}

const fields: [RegExp, FieldName][] = [
  [/^(code|language)/, 'code'],
  [/^files/, 'files'],
  [/^(sandbox|when_unavailable)/, 'where'],
  [/^limits\.wall/, 'wall'],
  [/^limits\.memory/, 'memory'],
  [/^(question|title)/, 'question'],
];

export function problemOf(reason: unknown): Problem {
  if (!(reason instanceof ApiError)) return { field: 'form', text: t.ask.failed };
  if (reason.status === 0) return { field: 'form', text: t.ask.lost };
  const field = fields.find(([pattern]) => pattern.test(reason.field))?.[1] ?? 'form';
  return { field, text: errorText(reason) };
}

export async function sendDraft(): Promise<Sent> {
  const now = draft.value;
  const body = bodyOf(now);
  const path = now.revises ? `/api/requests/${now.revises.id}/revisions` : '/api/requests';
  const sent = `${path} ${JSON.stringify(body)}`;
  const key = sent === now.sent && now.key ? now.key : randomKey();
  write({ key, sent });
  return call<Sent>(path, { body, key });
}
