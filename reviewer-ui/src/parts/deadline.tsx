// How long a request waits and when it ends by itself, as the server's clock of it says.
import { moment } from '../base/clock';
import { formatFull, formatSpan } from '../base/format';
import type { Clock } from '../base/types';
import { t } from '../texts';

function left(at: string): string {
  return formatSpan(Date.parse(at) - moment.value);
}

function Told({ clock, since }: { clock: Clock; since: string }) {
  const span = formatSpan(moment.value - Date.parse(since));
  return (
    <span title={formatFull(since)}>
      {clock.overdue && (
        <strong class="tone-high">{clock.escalated ? t.clock.escalated : t.clock.overdue}</strong>
      )}
      {clock.overdue && ' · '}
      {clock.reminded ? t.clock.reminded(span) : t.clock.waits(span)}
    </span>
  );
}

const aDay = 86_400_000;

/** In a list (`soon`) an end is only told on its last day: each row has one. */
export function Deadline({ clock, soon = false }: { clock: Clock | undefined; soon?: boolean }) {
  const end = clock?.expires_at ?? clock?.ages_out_at;
  if (!clock || !end) return null;
  const since = (clock.overdue || clock.reminded) && clock.waits_since;
  const ends = !soon || Date.parse(end) - moment.value < aDay;
  if (!since && !ends) return null;
  return (
    <span class="deadline">
      {since && <Told clock={clock} since={since} />}
      {since && ends && ' · '}
      {ends && (
        <time dateTime={end} title={formatFull(end)}>
          {clock.ages_out_at ? t.clock.agesOut(left(end)) : t.clock.expires(left(end))}
        </time>
      )}
    </span>
  );
}
