// What the view of workers and services shows, as GET /api/fleet answers.
import type { Ref } from '../base/types';

export interface WorkerAttempt {
  id: number;
  request_id: number;
  state: string;
  backend: string;
  started_at: string | null;
  adopted: boolean;
}

export interface WorkerBackend {
  ready: boolean;
  why_not?: string | null;
  weaker?: unknown;
  breaker?: 'closed' | 'open' | 'half_open';
  until?: string | null;
  refused?: boolean;
}

export interface WorkerRow {
  id: number;
  name: string;
  version: string;
  slots: number;
  running: number;
  backends: Record<string, WorkerBackend>;
  seen_at: string;
  alive: boolean;
  attempts?: WorkerAttempt[];
  attempts_hidden?: number;
}

export interface BackendState {
  state: string;
  workers: number;
  until?: string;
  refused?: boolean;
  message?: string;
  ready_attempts: number;
}

export interface Pause {
  scope: string;
  reason: string;
  at: string;
  by: Ref | null;
}

export interface Fleet {
  workers: WorkerRow[];
  backends: Record<string, BackendState>;
  pauses: Pause[];
}
