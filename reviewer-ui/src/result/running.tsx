// A run that is under way, also one that was taken up again: how long, where, what it prints.
import { second } from '../base/clock';
import { formatDuration, formatSpan } from '../base/format';
import type { Attempt, Detail } from '../base/types';
import { Said } from '../parts/small';
import { Sign } from '../parts/icons';
import { LiveOutput } from './live-output';
import { t } from '../texts';

interface RunProps {
  detail: Detail;
  attempt: Attempt | undefined;
}

function Clock({ from, limit }: { from: string; limit: number }) {
  const spent = Math.max(0, second.value - Date.parse(from));
  const share = Math.min(1, spent / limit);
  return (
    <>
      <strong>{t.progress.running(formatSpan(spent), formatDuration(limit))}</strong>
      <span
        class={share > 0.8 ? 'run-bar late' : 'run-bar'}
        role="meter"
        aria-label={t.progress.bar}
        aria-valuemin={0}
        aria-valuemax={Math.round(limit / 1000)}
        aria-valuenow={Math.round(Math.min(spent, limit) / 1000)}
      >
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </>
  );
}

export function RunsNow({ detail, attempt }: RunProps) {
  const from = attempt?.running_at ?? attempt?.started_at;
  const { bundle } = detail;
  return (
    <>
      <section class="note note-info run-now" aria-label={t.progress.label}>
        <Sign tone="info" />
        <div>
          {from ? (
            <Clock from={from} limit={bundle.limits.wall_ms} />
          ) : (
            <strong>{t.progress.starting}</strong>
          )}
          <p class="dim run-where">
            <Said text={t.progress.where(bundle.sandbox, bundle.image)} />
            {attempt?.worker && (
              <>
                {' · '}
                <Said text={t.progress.by(attempt.worker)} />
              </>
            )}
          </p>
          {attempt?.held && <p>{t.progress.followed}</p>}
          {attempt?.cancelling && <p>{t.progress.cancellingText}</p>}
        </div>
      </section>
      <LiveOutput id={detail.id} />
    </>
  );
}
