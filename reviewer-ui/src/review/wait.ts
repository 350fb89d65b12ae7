// For how long somebody must still have the code before an approval, as the server counts it.
import { useMemo } from 'preact/hooks';
import { second } from '../base/clock';
import { me } from '../base/session';
import type { Detail } from '../base/types';

/** Whole seconds; 0 when nothing is to be waited for. */
export function useWait(detail: Detail): number {
  const seconds = me.value?.settings.review_min_seconds ?? 0;
  const since = useMemo(() => Date.now() - (detail.shown_for_ms ?? 0), [detail]);
  if (seconds === 0 || detail.shown_for_ms === undefined) return 0;
  const left = Math.ceil((since - second.value) / 1000) + seconds;
  return Math.min(seconds, Math.max(0, left)); // `second` may be a little older than `since`
}
