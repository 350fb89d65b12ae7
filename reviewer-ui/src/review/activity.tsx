// What happened to a request, newest last, from its audit rows.
import { formatFull, formatWhen } from '../base/format';
import type { Activity } from '../base/types';
import { Said } from '../parts/small';
import { t } from '../texts';

function eventText({ event, to_state }: Activity): string {
  const known = t.activity.events[event];
  if (known) return known;
  return (to_state && t.state[to_state]) || event;
}

function actorText({ actor }: Activity): string {
  if (!actor) return t.product;
  return t.activity.kinds[actor.kind] ?? actor.name;
}

function Row({ entry }: { entry: Activity }) {
  const note = typeof entry.body?.['note'] === 'string' ? entry.body['note'] : '';
  const revision = typeof entry.body?.['revision'] === 'number' ? entry.body['revision'] : 0;
  return (
    <li>
      <span class="activity-dot" aria-hidden="true" />
      <div>
        <p>
          <strong>
            <Said text={actorText(entry)} />
          </strong>{' '}
          · {eventText(entry)}
          {revision > 0 && <span class="dim"> · {t.version(revision)}</span>}
        </p>
        {note && (
          <q>
            <Said text={note} />
          </q>
        )}
        <p class="dim">
          <time dateTime={entry.at} title={formatFull(entry.at)}>
            {formatWhen(entry.at)}
          </time>{' '}
          <span class="mono">{entry.event}</span>
        </p>
      </div>
    </li>
  );
}

export function ActivityList({ activity }: { activity: Activity[] }) {
  if (activity.length === 0) return <p class="empty">{t.activity.empty}</p>;
  return (
    <ol class="activity">
      {activity.map((entry, index) => (
        <Row key={index} entry={entry} />
      ))}
    </ol>
  );
}
