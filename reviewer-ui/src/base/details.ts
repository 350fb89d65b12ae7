// One request with everything, kept fresh by the event stream.
import { signal, type Signal } from '@preact/signals';
import { call, ApiError } from './api';
import { onRequestEvent } from './live';
import type { Detail } from './types';

export interface Loaded {
  detail: Detail | null;
  error: ApiError | null;
}

const kept = new Map<number, Signal<Loaded>>();
const shown = new Map<number, number>();
const loading = new Map<number, Promise<void>>();
const again = new Set<number>();

export function detailOf(id: number): Signal<Loaded> {
  let found = kept.get(id);
  if (!found) {
    found = signal<Loaded>({ detail: null, error: null });
    kept.set(id, found);
  }
  return found;
}

// One fetch at a time for each request; a call in between makes one more.
export function loadDetail(id: number): Promise<void> {
  const running = loading.get(id);
  if (running) {
    again.add(id);
    return running;
  }
  const started = fetchDetail(id).finally(() => {
    loading.delete(id);
    if (again.delete(id)) void loadDetail(id);
  });
  loading.set(id, started);
  return started;
}

async function fetchDetail(id: number): Promise<void> {
  const target = detailOf(id);
  try {
    target.value = { detail: await call<Detail>(`/api/requests/${id}`), error: null };
  } catch (reason) {
    if (!(reason instanceof ApiError)) throw reason;
    // What was read stays readable while the server is away.
    const detail = reason.status === 404 ? null : target.value.detail;
    target.value = { detail, error: reason };
  }
}

export function prefetchDetail(id: number): void {
  if (!detailOf(id).value.detail) void loadDetail(id);
}

// While a part of the page shows a request, its events make it load again.
export function watchDetail(id: number): () => void {
  shown.set(id, (shown.get(id) ?? 0) + 1);
  void loadDetail(id);
  return () => {
    const left = (shown.get(id) ?? 1) - 1;
    if (left > 0) shown.set(id, left);
    else shown.delete(id);
  };
}

// The signal itself stays: something may be about to show it.
function forget(id: number): void {
  const found = kept.get(id);
  if (found) found.value = { detail: null, error: null };
}

export function forgetDetails(): void {
  for (const id of kept.keys()) forget(id);
}

onRequestEvent((event) => {
  if (event && !shown.has(event.id)) return forget(event.id);
  for (const id of shown.keys()) if (!event || event.id === id) void loadDetail(id);
});
