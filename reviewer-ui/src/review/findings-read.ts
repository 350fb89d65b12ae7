// Which findings the reviewer has ticked as read; an approval names each that is more than a note.
import { signal } from '@preact/signals';
import type { Detail, Finding } from '../base/types';
import type { Ticks } from '../code/findings';

const read = signal<ReadonlySet<string>>(new Set());

const keyOf = (detail: Detail, { id }: Finding): string => `${detail.id}.${detail.revision}.${id}`;

const mustRead = ({ level }: Finding): boolean => level !== 'note';

function isRead(detail: Detail, finding: Finding): boolean {
  return read.value.has(keyOf(detail, finding));
}

function setRead(detail: Detail, finding: Finding, now: boolean): void {
  const next = new Set(read.value);
  if (now) next.add(keyOf(detail, finding));
  else next.delete(keyOf(detail, finding));
  read.value = next;
}

export function ticksOf(detail: Detail): Ticks {
  return {
    wants: mustRead,
    isRead: (finding) => isRead(detail, finding),
    setRead: (finding, now) => setRead(detail, finding, now),
  };
}

/** What must be ticked, once for each id. */
export function toRead({ findings }: Detail): Finding[] {
  const seen = new Set<string>();
  return findings.filter((one) => mustRead(one) && !seen.has(one.id) && seen.add(one.id));
}

export function unreadCount(detail: Detail): number {
  return toRead(detail).filter((one) => !isRead(detail, one)).length;
}

/** What an approval says was read: the id of each. */
export function acknowledged(detail: Detail): string[] {
  return toRead(detail)
    .filter((one) => isRead(detail, one))
    .map(({ id }) => id);
}
