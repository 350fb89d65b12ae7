// How well we are connected, in words, and whether workers can run what is approved.
import { effect, signal } from '@preact/signals';
import { call } from '../base/api';
import { live, awaySince, onRequestEvent } from '../base/live';
import { isAtRest } from '../base/rest';
import { isAdmin, isInside } from '../base/session';
import type { Fleet, WorkerRow } from '../fleet/types';
import { A } from './small';
import { t } from '../texts';

export const fleet = signal<Fleet | null>(null);

export async function loadWorkers(): Promise<void> {
  try {
    fleet.value = await call<Fleet>('/api/workers');
  } catch {
    // Not allowed or not reachable: then nothing is said about workers.
    fleet.value = null;
  }
}

export function workerReady(row: WorkerRow): boolean {
  return row.alive && Object.values(row.backends).some(
    ({ ready, breaker }) => ready && breaker !== 'open',
  );
}

const every = 30_000;

export function startWorkerWatch(): void {
  let timer: ReturnType<typeof setInterval> | undefined;
  effect(() => {
    clearInterval(timer);
    fleet.value = null;
    if (!isInside.value) return;
    void loadWorkers();
    timer = setInterval(() => {
      if (!isAtRest()) void loadWorkers();
    }, every);
  });
  onRequestEvent((event) => {
    if (!event) void loadWorkers();
  });
}

// For each state what it says, and what it says on a phone.
const words = {
  live: { long: () => t.live.live, short: () => t.live.live },
  reconnecting: { long: () => t.live.reconnecting, short: () => t.live.checking },
  away: { long: () => t.live.since(awaySince.value), short: () => t.live.notLive },
  offline: { long: () => t.live.offline, short: () => t.live.offline },
};

function WorkerLine() {
  const rows = fleet.value?.workers.filter((row) => row.alive);
  if (!rows || live.value !== 'live') return null;
  const text = t.live.workers(rows.filter(workerReady).length, rows.length);
  return <span class="live-workers">· {isAdmin.value ? <A href="/workers">{text}</A> : text}</span>;
}

export function LiveSign() {
  return (
    <span
      class="live"
      data-state={live.value}
      title={live.value === 'away' ? t.live.stillWork : undefined}
    >
      <span class="live-dot" aria-hidden="true" />
      <span class="live-word">
        <span class="long">{words[live.value].long()}</span>
        <span class="short">{words[live.value].short()}</span>
      </span>
      <WorkerLine />
    </span>
  );
}
