// How well we are connected, in words, and whether workers can run what is approved.
import { effect, signal } from '@preact/signals';
import { call } from '../base/api';
import { live, awaySince, onRequestEvent } from '../base/live';
import { isAdmin, me } from '../base/session';
import type { WorkerRow } from '../base/types';
import { A } from './small';
import { t } from '../texts';

export const workers = signal<WorkerRow[] | null>(null);

export async function loadWorkers(): Promise<void> {
  try {
    workers.value = (await call<{ workers: WorkerRow[] }>('/api/workers')).workers;
  } catch {
    // Not allowed or not reachable: then nothing is said about workers.
    workers.value = null;
  }
}

export function workerReady(row: WorkerRow): boolean {
  return row.alive && Object.values(row.backends).some((backend) => backend.ready);
}

const every = 30_000;
// A page that nobody touches asks for nothing, so that its session can end.
const restAfter = 300_000;
let touchedAt = Date.now();
for (const name of ['pointerdown', 'keydown', 'scroll'])
  addEventListener(name, () => (touchedAt = Date.now()), { capture: true, passive: true });

export function startWorkerWatch(): void {
  let timer: ReturnType<typeof setInterval> | undefined;
  effect(() => {
    clearInterval(timer);
    workers.value = null;
    if (!me.value) return;
    void loadWorkers();
    timer = setInterval(() => {
      const rests = document.hidden || Date.now() - touchedAt > restAfter;
      if (!rests) void loadWorkers();
    }, every);
  });
  onRequestEvent((event) => {
    if (!event) void loadWorkers();
  });
}

const words = {
  live: () => t.live.live,
  reconnecting: () => t.live.reconnecting,
  away: () => t.live.since(awaySince.value),
  offline: () => t.live.offline,
};

function WorkerLine() {
  const rows = workers.value?.filter((row) => row.alive);
  if (!rows || live.value !== 'live') return null;
  const text = t.live.workers(rows.filter(workerReady).length, rows.length);
  return <span class="live-workers">· {isAdmin.value ? <A href="/workers">{text}</A> : text}</span>;
}

export function LiveSign() {
  return (
    <span class={`live ${live.value}`} title={live.value === 'away' ? t.live.stillWork : undefined}>
      <span class="live-dot" aria-hidden="true" />
      <span class="live-word">
        <span class="long">{words[live.value]()}</span>
        <span class="short">{live.value === 'away' ? t.live.notLive : words[live.value]()}</span>
      </span>
      <WorkerLine />
    </span>
  );
}
