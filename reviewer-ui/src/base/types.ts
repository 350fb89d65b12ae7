// What the api answers, field by field.
export interface Ref {
  id: number;
  name: string;
}

export interface Person extends Ref {
  login: string;
  roles: string[];
  teams: Ref[];
}

export interface Limits {
  wall_ms: number;
  memory_bytes: number;
  pids: number;
  output_bytes: number;
  files: number;
  file_bytes: number;
  // Missing in a bundle of an earlier release; 0: the template of a service says it.
  cpu_ms?: number;
  tmp_bytes?: number;
}

export interface Settings {
  undo_seconds: number;
  break_glass: boolean;
  // How old the last proof of who somebody is may be where it counts.
  reauth_seconds: number;
  // For how long who approves must have had the code; 0: never mind.
  review_min_seconds: number;
  limits: Limits;
  max_limits?: Limits;
  max_code_bytes: number;
  max_code_lines: number;
  max_upload_bytes: number;
  languages: string[];
  // Where runs may be sent, and where they go when nothing is chosen.
  sandbox?: string;
  sandboxes?: string[];
}

// missing: it must be set up before anything else can be done.
export interface FactorDue {
  set: boolean;
  required: boolean;
  missing: boolean;
}

export interface Factor {
  set: boolean;
  since: string | null;
  recovery_left: number;
}

export interface Me {
  person: Person;
  second_factor?: FactorDue;
  csrf_token: string;
  has_password: boolean;
  session?: { expires_at: string; authenticated_at: string | null };
  settings: Settings;
  waiting_for_review: number;
}

export interface SessionRow {
  id: number;
  how: 'password' | 'link' | 'proxy' | 'oidc';
  address: string;
  agent: string;
  created_at: string;
  seen_at: string;
  this: boolean;
}

export interface Author extends Ref {
  kind: 'human' | 'agent';
  owner?: Ref | null;
}

// Why an approved request does not run.
export interface Waiting {
  reason: string;
  since: string;
  until?: string | null;
  message?: string | null;
  scope?: string | null;
  // The service does not take our key.
  refused?: boolean;
}

// What the rules made of the code; blocked: it may never run.
export type Risk = 'low' | 'medium' | 'high' | 'blocked';

// Of a pending request since when its round waits; when it, or an approval not yet run, ends.
export interface Clock {
  waits_since?: string;
  remind_at?: string;
  escalate_at?: string;
  expires_at?: string;
  ages_out_at?: string;
  reminded: boolean;
  escalated: boolean;
  overdue: boolean;
}

export interface Summary {
  id: number;
  title: string;
  // In lists only where there is no title: its first line.
  question?: string | null;
  state: string;
  language: string;
  revision: number;
  author: Author;
  team: Ref;
  files: number;
  created_at: string;
  state_at: string;
  can_decide: boolean;
  decided_by?: Ref | null;
  break_glass?: boolean;
  code_lines: number;
  code_bytes: number;
  retry_safe: boolean;
  risk: Risk;
  // The title of the gravest finding above a note.
  reason?: string | null;
  cost_nano_usd: number;
  sandbox?: string;
  waiting?: Waiting | null;
  clock?: Clock;
  // An earlier one of the same author that waits, too, and has the same code, inputs and settings.
  same_as?: number;
}

export interface InputFile {
  n?: number;
  id: number;
  name: string;
  bytes: number;
  sha256: string;
  media_type?: string;
}

export interface Bundle {
  sha256: string;
  format: number | string;
  language: string;
  target?: string | null;
  sandbox: string;
  image: string;
  network: string;
  limits: Limits;
  retry_safe: boolean;
  approval_ms: number;
  team_id?: number;
  isolation?: string;
  image_digest?: string;
  max_attempts?: number;
}

export interface Revision {
  revision: number;
  editor: Ref;
  created_at: string;
  code_sha256: string;
  bundle_sha256: string;
}

export type Verdict = 'approve' | 'reject' | 'request_changes';
// By one admin alone.
export type AnyVerdict = Verdict | 'break_glass';

export interface Decision {
  id: number;
  revision: number;
  reviewer: Ref;
  verdict: AnyVerdict;
  note: string | null;
  decided_at: string;
  void: boolean;
}

export interface Item {
  n: number;
  kind: string;
  name: string;
  mime: string;
  bytes: number;
  sha256: string;
  meta?: Record<string, unknown> | null;
}

export interface Attempt {
  id: number;
  state: string;
  worker: string | null;
  backend: string;
  // By which its service knows the sandbox.
  sandbox_id?: string | null;
  not_before: string | null;
  claimed_at: string | null;
  started_at: string | null;
  running_at?: string | null;
  finished_at: string | null;
  exit_code: number | null;
  term_signal: number | null;
  reason: string | null;
  error: { name: string; value: string } | null;
  duration_ms: number | null;
  cpu_ms: number | null;
  memory_peak_bytes: number | null;
  output_truncated: boolean | null;
  cancelling?: boolean;
  // Lost, but its service may still tell how it ended.
  adoptable?: boolean;
  // Lost, and another worker follows it to its end.
  held?: boolean;
  items: Item[];
}

export interface Activity {
  at: string;
  event: string;
  actor: { id: number | null; name: string; kind: string } | null;
  from_state: string | null;
  to_state: string | null;
  body?: Record<string, unknown> | null;
}

export interface Can {
  decide: boolean;
  break_glass: boolean;
  revise: boolean;
  cancel: boolean;
  undo: boolean;
  settle: boolean;
  run_again: boolean;
}

// How many people must approve, how many have, and whether there are enough who may.
export interface Quorum {
  needed: number;
  approved: number;
  eligible: number;
  possible: boolean;
  groups: { name: string; needed: number; approved: number; eligible: number }[];
}

export type Level = 'note' | 'medium' | 'high' | 'block';

// Lines and columns from 1; columns in code points, the end is behind it.
export interface Finding {
  id: string; // among those of its version
  rule: string;
  level: Level;
  line: number;
  column: number;
  end_column: number;
  title: string;
  explanation: string;
}

export type Capability = 'reads' | 'changes' | 'calls' | 'saves';

export interface Policy {
  version: number;
  level: Level | 'none';
  // ok, or why nothing is known of the code.
  engine: 'ok' | 'failed' | 'timeout';
  capabilities: Record<Capability, string[]>;
}

export interface Detail extends Omit<Summary, 'files'> {
  question: string | null;
  code: string;
  code_sha256: string;
  bundle: Bundle;
  files: InputFile[];
  revisions: Revision[];
  decisions: Decision[];
  attempts: Attempt[];
  activity: Activity[];
  findings: Finding[];
  policy: Policy | null;
  can: Can;
  cannot_decide_because?: 'own_request' | 'wrong_role' | 'wrong_state' | 'already_decided' | null;
  // For how long this person has had the code, while it waits for review.
  shown_for_ms?: number;
  quorum?: Quorum | null;
  ahead?: number;
  expires_at?: string | null;
  undo_until?: string | null;
  costs?: Cost[];
  budgets?: Budget[];
  when_unavailable?: 'wait' | 'fail';
}

// A budget that holds a request: nano-USD, as it is today.
export interface Budget {
  scope: string;
  name: string;
  state: 'active' | 'warned' | 'stopped';
  limit_nano_usd: number;
  settled_nano_usd: number;
  reserved_nano_usd: number;
  // null: the budget is of all time.
  ends_at: string | null;
  // What the request has of it, and what it may cost; null: nobody knows.
  this_nano_usd: number;
  bound_nano_usd: number | null;
}

export interface Cost {
  kind: string;
  provider: string;
  // null: the price is not known.
  nano_usd: number | null;
  seconds: number | null;
  estimated?: boolean;
}

export interface RequestList {
  requests: Summary[];
  next_cursor: string | null;
  counts?: { review?: number; mine_open?: number; break_glass?: number };
}

export interface Sent {
  id: number;
  revision: number;
  state: string;
  bundle_sha256: string;
  warning?: { code: string; message: string };
}

export interface Decided {
  id: number;
  state: string;
  decision_id: number;
  not_before?: string | null;
}

export interface TableData {
  columns: { name: string; type: 'number' | 'text' | 'boolean' | 'time' }[];
  rows: unknown[][];
  total_rows?: number;
}
