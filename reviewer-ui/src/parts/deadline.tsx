// How long a request waits and when it ends by itself, as the server's clock of it says.
import { moment } from '../base/clock';
import { formatFull, formatSpan } from '../base/format';
import type { Clock } from '../base/types';
import { t } from '../texts';

function left(at: string): string {
  return formatSpan(Date.parse(at) - moment.value);
}

function Told({ clock }: { clock: Clock }) {
  const { waits_since: since } = clock;
  if (!since || !(clock.overdue || clock.reminded)) return null;
  const span = formatSpan(moment.value - Date.parse(since));
  const text = clock.reminded ? t.clock.reminded(span) : t.clock.waits(span);
  return (
    <span title={formatFull(since)}>
      {clock.overdue && (
        <strong class="tone-high">{clock.escalated ? t.clock.escalated : t.clock.overdue}</strong>
      )}
      {clock.overdue && ' · '}
      {text}
      {' · '}
    </span>
  );
}

export function Deadline({ clock }: { clock: Clock | undefined }) {
  const end = clock?.expires_at ?? clock?.ages_out_at;
  if (!clock || !end) return null;
  return (
    <span class="deadline">
      <Told clock={clock} />
      <time dateTime={end} title={formatFull(end)}>
        {clock.ages_out_at ? t.clock.agesOut(left(end)) : t.clock.expires(left(end))}
      </time>
    </span>
  );
}
