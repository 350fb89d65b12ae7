// What the audit routes answer.
export interface AuditParameter {
  name: string;
  type: 'time' | 'person' | 'team' | 'number';
  title: string;
  about: string;
  required: boolean;
}

export interface AuditQuestion {
  id: string;
  title: string;
  about: string;
  must_be_empty: boolean;
  sql: string;
  parameters: AuditParameter[];
}

export interface AuditViewInfo {
  name: string;
  about: string;
  columns: string[];
}

export interface AuditOffer {
  questions: AuditQuestion[];
  views: AuditViewInfo[];
}

export interface AuditTable {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  truncated: boolean;
  elapsed_ms: number;
}

interface Named {
  id: number;
  name: string;
}

// A proposal to drop old rows, and what became of it.
export interface Retention {
  id: number;
  state: 'proposed' | 'agreed' | 'withdrawn' | 'dropped';
  // Up to this one, made then; the seals up to it cover so many rows.
  seal: number;
  sealed_at: string;
  events: number;
  reason: string;
  proposed_by: Named;
  proposed_at: string;
  agreed_by: Named | null;
  agreed_at: string | null;
  withdrawn_by: Named | null;
  withdrawn_at: string | null;
  dropped_at: string | null;
  dropped_events: number | null;
  kept_events: number | null;
  manifest_sha256: string | null;
}

export interface Retentions {
  retentions: Retention[];
  // The newest day that a proposal may give, in UTC.
  earliest: string;
}

export type AuditAsked =
  | { question: string; parameters: Record<string, string> }
  | { sql: string };
