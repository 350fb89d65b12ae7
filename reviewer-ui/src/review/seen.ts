// Which lines of a version were in view at some time. The first and the last row of a line must
// both have been, below the tabs and above the decision bar.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Detail } from '../base/types';

interface Seen {
  first: Set<number>;
  last: Set<number>;
  all: Set<number>;
}

const versions = new Map<string, Seen>();
const count = signal(0); // moves whenever a line is added

const keyOf = ({ id, revision }: Detail): string => `${id}.${revision}`;

function seenOf(detail: Detail): Seen {
  const key = keyOf(detail);
  let found = versions.get(key);
  if (!found) {
    found = { first: new Set(), last: new Set(), all: new Set() };
    versions.set(key, found);
  }
  return found;
}

function linesOf({ code }: Detail): string[] {
  const lines = code.split('\n');
  if (code.endsWith('\n')) lines.pop();
  return lines;
}

/** How many lines there are, and how many of them were not in view yet. */
export function unseenLines(detail: Detail): { all: number; unseen: number } {
  void count.value;
  const all = detail.code_lines;
  return { all, unseen: Math.max(0, all - seenOf(detail).all.size) };
}

/** Bytes of the lines that were in view, with their ends. */
export function seenBytes(detail: Detail): number {
  const { all } = seenOf(detail);
  const writer = new TextEncoder();
  const bytes = linesOf(detail).reduce(
    (sum, line, n) => sum + (all.has(n + 1) ? writer.encode(line).length + 1 : 0),
    0,
  );
  return Math.min(bytes, detail.code_bytes); // the last line may have no end
}

function edge(selector: string, side: 'top' | 'bottom'): number | undefined {
  return document.querySelector(selector)?.getBoundingClientRect()[side];
}

// Lines that are in view in part are looked at again when something moves: asking anew tells where
// they are now, cut by whatever scrolls.
function watchLines(detail: Detail): () => void {
  const seen = seenOf(detail);
  const inPart = new Set<Element>();
  const take = (entries: IntersectionObserverEntry[]) => {
    const top = edge('.tabs', 'bottom') ?? -Infinity;
    const bottom = edge('.decision', 'top') ?? Infinity;
    const before = seen.all.size;
    for (const { target, isIntersecting, intersectionRect: shown, boundingClientRect } of entries) {
      inPart.delete(target);
      if (!isIntersecting || document.hidden) continue;
      const line = Number((target as HTMLElement).dataset['line']);
      const { top: first, bottom: last } = boundingClientRect;
      if (Math.max(shown.top, top) <= first + 1 && first < bottom) seen.first.add(line);
      if (Math.min(shown.bottom, bottom) >= last - 1 && last > top) seen.last.add(line);
      if (seen.first.has(line) && seen.last.has(line)) seen.all.add(line);
      else inPart.add(target);
    }
    if (seen.all.size > before) count.value++;
  };
  const observer = new IntersectionObserver(take, { threshold: [0, 1] });
  for (const line of document.querySelectorAll<HTMLElement>('.request-scroll [data-line]'))
    if (!seen.all.has(Number(line.dataset['line']))) observer.observe(line);
  let due = 0;
  const again = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      for (const line of inPart) {
        observer.unobserve(line);
        observer.observe(line);
      }
    });
  };
  const options = { capture: true, passive: true };
  document.addEventListener('scroll', again, options);
  document.addEventListener('visibilitychange', again);
  addEventListener('resize', again);
  return () => {
    observer.disconnect();
    cancelAnimationFrame(due);
    document.removeEventListener('scroll', again, options);
    document.removeEventListener('visibilitychange', again);
    removeEventListener('resize', again);
  };
}

/** Keeps count while the code or its changes are shown to somebody who may decide. */
export function useSeen(detail: Detail, tab: string, before: string | null): void {
  const { id, revision, can } = detail;
  const may = can.decide || can.break_glass;
  useEffect(() => (may ? watchLines(detail) : undefined), [id, revision, may, tab, before]);
}
