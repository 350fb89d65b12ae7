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

export type AuditAsked =
  | { question: string; parameters: Record<string, string> }
  | { sql: string };
