// The event stream: tells which request changed, and how well we are connected.
import { effect, signal } from '@preact/signals';
import { isInside, me } from './session';

export type LiveState = 'live' | 'reconnecting' | 'away' | 'offline';
export interface RequestEvent {
  id: number;
  state: string;
  revision: number;
}

export const live = signal<LiveState>('reconnecting');
export const awaySince = signal(0);

type Listener = (event: RequestEvent | null) => void;
const listeners = new Set<Listener>();
const patience = 10_000;
const every = 5_000;

let source: EventSource | null = null;
let lostAt = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let poll: ReturnType<typeof setInterval> | undefined;

// The listener gets null when anything may have changed.
export function onRequestEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(event: RequestEvent | null): void {
  for (const listener of listeners) listener(event);
}

function connected(): void {
  const wasLost = lostAt !== 0;
  lostAt = 0;
  clearInterval(poll);
  poll = undefined;
  live.value = 'live';
  if (wasLost) tell(null);
}

function lost(): void {
  if (lostAt === 0) lostAt = Date.now();
  poll ??= setInterval(checkAway, every);
  if (live.value === 'live') live.value = 'reconnecting';
  if (!navigator.onLine) live.value = 'offline';
  // A browser gives up for good when the answer was an error.
  if (source?.readyState !== EventSource.CLOSED) return;
  source = null;
  clearTimeout(retry);
  retry = setTimeout(connect, 3000);
}

// While not live, everything shown is fetched again every five seconds.
function checkAway(): void {
  if (!navigator.onLine) {
    live.value = 'offline';
    return;
  }
  if (Date.now() - lostAt >= patience) {
    awaySince.value = lostAt;
    live.value = 'away';
  }
  tell(null);
}

function connect(): void {
  if (source || !isInside.value) return;
  source = new EventSource('/api/events');
  source.onopen = connected;
  source.onerror = lost;
  source.addEventListener('request', (message) => {
    tell(JSON.parse((message as MessageEvent<string>).data) as RequestEvent);
  });
  source.addEventListener('reset', () => tell(null));
}

function disconnect(): void {
  source?.close();
  source = null;
  clearTimeout(retry);
  clearInterval(poll);
  poll = undefined;
  lostAt = 0;
}

export function startLive(): void {
  let person = 0;
  effect(() => {
    const now = isInside.value ? (me.value?.person.id ?? 0) : 0;
    if (now === person) return;
    person = now;
    disconnect();
    live.value = 'reconnecting';
    if (now) connect();
  });
  addEventListener('offline', () => {
    source?.close();
    source = null;
    lost();
  });
  addEventListener('online', () => {
    live.value = 'reconnecting';
    connect();
    tell(null);
  });
}
