// Lists of requests: pages of fifty, fetched again when an event arrives.
import { signal, type Signal } from '@preact/signals';
import { call, ApiError } from './api';
import { onRequestEvent } from './live';
import type { RequestList, Summary } from './types';

export interface Rows {
  rows: Summary[];
  next: string | null;
  counts: { review?: number; mine_open?: number; break_glass?: number };
  loaded: boolean;
  error: ApiError | null;
}

export class RequestRows {
  readonly state: Signal<Rows> = signal({
    rows: [],
    next: null,
    counts: {},
    loaded: false,
    error: null,
  });
  private wanted = 50;
  private query = '';
  private run = 0;
  private loadedAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stop: (() => void) | undefined;

  constructor(private readonly take: (rows: Rows) => void = () => undefined) {}

  open(query: string): void {
    if (query !== this.query) this.state.value = { ...this.state.value, rows: [], loaded: false };
    this.query = query;
    this.wanted = 50;
    this.stop ??= onRequestEvent(() => this.soon());
    void this.load();
  }

  close(): void {
    this.stop?.();
    this.stop = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  more(): void {
    this.wanted += 50;
    void this.load();
  }

  // Many events in a row make one fetch; a steady stream of them one each second.
  soon(): void {
    const busy = Date.now() - this.loadedAt < 2000;
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        void this.load();
      },
      busy ? 1000 : 150,
    );
  }

  async load(): Promise<void> {
    const run = ++this.run;
    this.loadedAt = Date.now();
    try {
      const found = await this.fetchPages();
      if (run !== this.run) return;
      this.state.value = { ...found, loaded: true, error: null };
      this.take(this.state.value);
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      if (run === this.run) this.state.value = { ...this.state.value, error: reason };
    }
  }

  private async fetchPages(): Promise<Pick<Rows, 'rows' | 'next' | 'counts'>> {
    const rows: Summary[] = [];
    let next: string | null = null;
    let counts = {};
    do {
      const limit = Math.min(100, this.wanted - rows.length);
      const cursor: string = next ? `&cursor=${encodeURIComponent(next)}` : '';
      const page: RequestList = await call(`/api/requests?${this.query}&limit=${limit}${cursor}`);
      rows.push(...page.requests);
      next = page.next_cursor;
      counts = page.counts ?? counts;
    } while (next && rows.length < this.wanted);
    return { rows, next, counts };
  }
}
