// Sends a decision for exactly the version on the screen, and goes on to the next request.
import { call, ApiError, randomKey } from '../base/api';
import { loadDetail } from '../base/details';
import { closeToast, errorText, showToast } from '../base/messages';
import { go, route } from '../base/route';
import { me } from '../base/session';
import type { Decided, Detail, Verdict } from '../base/types';
import { acknowledged } from './findings-read';
import { neighbour, queue, removeRow, showAll } from './queue-rows';
import { seenBytes } from './seen';
import { t } from '../texts';

// How long this version was on a visible screen.
let reading = '';
let readMs = 0;
let since = 0;

function countReading(): void {
  const now = performance.now();
  if (since > 0) readMs += now - since;
  since = document.hidden ? 0 : now;
}

document.addEventListener('visibilitychange', countReading);

export function startReading(detail: Detail): void {
  const what = `${detail.id}.${detail.revision}`;
  if (what === reading) return;
  reading = what;
  readMs = 0;
  since = document.hidden ? 0 : performance.now();
}

/** What is said of the reading before a decision. */
export function readingOf(detail: Detail) {
  countReading();
  return { dwell_ms: Math.round(readMs), seen_bytes: seenBytes(detail) };
}

export async function sendDecision(detail: Detail, verdict: Verdict, note: string): Promise<void> {
  const seconds = verdict === 'approve' ? (me.value?.settings.undo_seconds ?? 0) : 0;
  const body = {
    verdict,
    revision: detail.revision,
    bundle_sha256: detail.bundle.sha256,
    ...readingOf(detail),
    ...(note && { note }),
    ...(verdict === 'approve' && { undo_seconds: seconds, acknowledged: acknowledged(detail) }),
  };
  let made: Decided;
  try {
    made = await call<Decided>(`/api/requests/${detail.id}/decisions`, { body });
  } catch (reason) {
    // Somebody was faster, or there is a newer version: show what there is now.
    if (reason instanceof ApiError && reason.status === 409) await loadDetail(detail.id);
    throw reason;
  }
  if (verdict === 'approve' && made.state === 'pending')
    showToast({ text: t.decide.counted(detail.id), tone: 'good' });
  else tellDecided(detail, verdict, seconds);
  goOn(detail.id);
}

function tellDecided(detail: Detail, verdict: Verdict, seconds: number): void {
  if (verdict === 'reject') return showToast({ text: t.decide.rejected(detail.id), tone: 'plain' });
  if (verdict === 'request_changes')
    return showToast({ text: t.decide.changeAsked(detail.id), tone: 'plain' });
  const text = t.decide.approved(detail.id);
  if (seconds === 0) return showToast({ text: `${text} ${t.decide.started}`, tone: 'good' });
  const span = seconds * 1000;
  showToast({
    text,
    tone: 'good',
    until: Date.now() + span,
    span,
    undo: () => void undo(detail.id),
  });
}

function goOn(id: number): void {
  const next = neighbour(id, 1) ?? neighbour(id, -1);
  removeRow(id);
  queue.soon();
  if (route.value.id !== id) return;
  go(next === null ? '/review' : `/review/${next}`, 'replace');
}

export interface Undone {
  cancelling?: boolean;
}

export function undoneText(id: number, cancelling: boolean | undefined): string {
  return cancelling ? t.decide.undoStops(id) : t.decide.undone(id);
}

async function undo(id: number): Promise<void> {
  closeToast();
  try {
    const { cancelling } = await call<Undone>(`/api/requests/${id}/undo`, {
      body: {},
      key: randomKey(),
    });
    showToast({ text: undoneText(id, cancelling), tone: 'plain' });
    await Promise.all([queue.load(), loadDetail(id)]);
    showAll();
    go(`/review/${id}`);
  } catch (reason) {
    const late = reason instanceof ApiError && reason.status === 409;
    showToast({ text: late ? t.decide.undoLate : errorText(reason), tone: 'bad' });
  }
}
