// How far the audit trail is sealed: asked now and then while an admin is here.
import { effect, signal } from '@preact/signals';
import { call } from '../base/api';
import { downloadText } from '../base/download';
import { isAtRest } from '../base/rest';
import { isAdmin } from '../base/session';

export interface AuditHead {
  n: number;
  last_id: number;
  events: number;
  root: string;
  hash: string;
  key_id: string;
  sealed_at: string;
  // As it stands in the file of heads.
  line: string;
}

// What `countersign audit verify --record` found last.
export interface AuditVerified {
  outcome: 'whole' | 'unsealed' | 'broken';
  at: string;
  // `null`: nothing was sealed, or it is broken.
  seal: number | null;
  rows: number;
  heads: number;
  why: string | null;
}

export interface AuditReach {
  // `null`: nothing is sealed.
  head: AuditHead | null;
  unsealed: { rows: number; since: string | null };
  late: boolean;
  // `null`: never.
  verified: AuditVerified | null;
}

// `null`: not known, as at first or when the api can not be reached.
export const reach = signal<AuditReach | null>(null);

export async function loadReach(): Promise<void> {
  try {
    reach.value = await call<AuditReach>('/api/audit/head');
  } catch {
    // What was so a while ago is not said as if it were so now.
    reach.value = null;
  }
}

const every = 10_000;

export function startReachWatch(): void {
  let timer: ReturnType<typeof setInterval> | undefined;
  effect(() => {
    clearInterval(timer);
    reach.value = null;
    if (!isAdmin.value) return;
    void loadReach();
    timer = setInterval(() => {
      if (!isAtRest()) void loadReach();
    }, every);
  });
}

export function downloadHead({ n, line }: AuditHead): void {
  downloadText(`audit-head-${n}.txt`, `${line}\n`);
}
