// What the review queue shows: rows stay where they are until the reviewer asks for the new ones.
import { computed, effect, signal, untracked } from '@preact/signals';
import { RequestRows, type Rows } from '../base/lists';
import { isReviewer, me } from '../base/session';
import { speak } from '../base/messages';
import { t } from '../texts';
import { call } from '../base/api';
import type { Detail, Summary } from '../base/types';

export type Filter = 'mine' | 'risky' | 'agents' | 'all';
export const filter = signal<Filter>('mine');

// Rows in the order shown; those that left the queue stay, greyed, until the next choice.
export const shownRows = signal<Summary[]>([]);
export const gone = signal<ReadonlyMap<number, Summary>>(new Map());
export const fresh = signal<ReadonlySet<number>>(new Set());
const seen = signal<ReadonlySet<number>>(new Set());

export const queue = new RequestRows(takeRows);

export const waitingCount = computed(() => {
  if (!isReviewer.value) return 0;
  const { loaded, next, rows, counts } = queue.state.value;
  if (!loaded) return me.value?.waiting_for_review ?? 0;
  // The api counts what waits in the team; one's own requests wait for somebody else.
  return next ? (counts.review ?? rows.length) : rows.filter((row) => row.can_decide).length;
});

const tests: Record<Filter, (row: Summary) => boolean> = {
  mine: (row) => row.can_decide,
  risky: (row) => row.risk === 'high',
  agents: (row) => row.author.kind === 'agent',
  all: () => true,
};

export function countOf(name: Filter): number {
  return queue.state.value.rows.filter(tests[name]).length;
}

export const visibleRows = computed(() =>
  shownRows.value.filter((row) => tests[filter.value](row) || gone.value.has(row.id)),
);

function takeRows({ rows }: Rows): void {
  const now = new Map(rows.map((row) => [row.id, row]));
  const known = new Set(shownRows.value.map((row) => row.id));
  if (shownRows.value.length === gone.value.size) return showAll();
  const left = new Map<number, Summary>();
  shownRows.value = shownRows.value.map((row) => {
    const found = now.get(row.id);
    if (!found) left.set(row.id, gone.value.get(row.id) ?? row);
    if (!found && !gone.value.has(row.id)) void tellWhoDecided(row);
    return found ?? row;
  });
  gone.value = left;
  const before = fresh.value.size;
  fresh.value = new Set([...now.keys()].filter((id) => !known.has(id)));
  if (fresh.value.size > before) speak(t.live.added(fresh.value.size));
}

// Puts everything that waits in the order of the api, and forgets what was decided.
export function showAll(): void {
  shownRows.value = queue.state.value.rows;
  gone.value = new Map();
  fresh.value = new Set();
}

// A row that left without us says who decided it.
async function tellWhoDecided(row: Summary): Promise<void> {
  try {
    const found = await call<Detail>(`/api/requests/${row.id}`);
    const last = found.decisions.filter((one) => !one.void).at(-1);
    const { state, state_at } = found;
    const next = { ...row, state, state_at, decided_by: last?.reviewer ?? null };
    gone.value = new Map(gone.value).set(row.id, next);
  } catch {
    // The row stays grey without a name.
  }
}

export function removeRow(id: number): void {
  shownRows.value = shownRows.value.filter((row) => row.id !== id);
}

export function markSeen(id: number): void {
  if (!seen.value.has(id)) seen.value = new Set([...seen.value, id]);
}

export function isUnread(row: Summary): boolean {
  return row.can_decide && !seen.value.has(row.id);
}

// The neighbour in the shown order; undecided ones only.
export function neighbour(id: number | null, step: 1 | -1): number | null {
  const rows = visibleRows.value.filter((row) => !gone.value.has(row.id) || row.id === id);
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) return rows[0]?.id ?? null;
  return rows[at + step]?.id ?? null;
}

// The queue is kept fresh while a reviewer is signed in: the count in the bar comes from it.
export function startQueue(): void {
  effect(() => {
    if (!isReviewer.value) {
      queue.close();
      shownRows.value = [];
      gone.value = new Map();
      fresh.value = new Set();
      return;
    }
    untracked(() => queue.open('view=review'));
  });
}
