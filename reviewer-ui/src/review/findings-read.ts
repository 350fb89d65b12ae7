// Which high findings the reviewer has ticked as read; approving waits for all of them.
import { signal } from '@preact/signals';
import type { Detail, Finding } from '../base/types';

const read = signal<ReadonlySet<string>>(new Set());

function keyOf(detail: Detail, { rule, line, column }: Finding): string {
  return `${detail.id}.${detail.revision}.${rule}.${line}.${column}`;
}

export const isGrave = ({ level }: Finding): boolean => level === 'high' || level === 'block';

export function isRead(detail: Detail, finding: Finding): boolean {
  return read.value.has(keyOf(detail, finding));
}

export function setRead(detail: Detail, finding: Finding, now: boolean): void {
  const next = new Set(read.value);
  if (now) next.add(keyOf(detail, finding));
  else next.delete(keyOf(detail, finding));
  read.value = next;
}

export function unreadCount(detail: Detail): number {
  return detail.findings.filter((one) => isGrave(one) && !isRead(detail, one)).length;
}

/** What the decision says was read: the rule and line of each high finding. */
export function acknowledged(detail: Detail): string[] {
  return detail.findings
    .filter((one) => isGrave(one) && isRead(detail, one))
    .map(({ rule, line }) => `${rule}:${line}`);
}
