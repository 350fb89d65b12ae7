// Why somebody did not get in, in words.
import { ApiError } from '../base/api';
import { formatSpan } from '../base/format';
import { errorText } from '../base/messages';
import { t } from '../texts';

/** refused: what a 401 means here. */
export function failure(reason: unknown, refused = t.signIn.wrong): string {
  if (!(reason instanceof ApiError)) return errorText(reason);
  if (reason.status === 401) return refused;
  if (reason.status === 429)
    return t.signIn.throttled(formatSpan((reason.retryAfter || 60) * 1000));
  return errorText(reason);
}

/** The password or the link was right, and now a code is asked for. */
export function wantsCode(reason: unknown): boolean {
  return reason instanceof ApiError && reason.code === 'second_factor_required';
}
