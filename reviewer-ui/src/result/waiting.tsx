// Why an approved request does not run yet, and what is known of a run that was lost.
import type { ComponentChildren } from 'preact';
import { formatFull, formatSpan, formatWhen } from '../base/format';
import type { Attempt, Detail, Waiting } from '../base/types';
import { Elapsed, Note, Said } from '../parts/small';
import { Settle } from './actions';
import { RunsNow } from './running';
import { lostAttempt } from './steps';
import { t } from '../texts';

type Words = (name: string) => string;

const heads: Record<string, string | Words> = {
  no_worker: t.waits.no_worker,
  breaker_open: t.waits.breaker_open,
  not_ready: t.waits.not_ready,
  other_sandbox: t.waits.other_sandbox,
  no_free_slot: t.waits.no_free_slot,
  unjudged: t.waits.unjudged,
  given_back: t.waits.given_back,
  budget: t.waits.budget,
};

function pauseText(scope: string): string {
  if (scope.startsWith('team:')) return t.waits.paused.team;
  if (scope.startsWith('backend:')) return t.waits.paused.backend(scope.slice(8));
  return t.waits.paused.all;
}

function headOf({ reason, scope, refused }: Waiting, sandbox: string): string {
  if (reason === 'paused') return pauseText(scope ?? 'all');
  if (refused) return t.waits.refused(sandbox);
  const words = heads[reason] ?? reason;
  return typeof words === 'string' ? words : words(sandbox);
}

export function WaitsBecause({ detail, waiting }: { detail: Detail; waiting: Waiting }) {
  const calm = ['no_free_slot', 'unjudged'].includes(waiting.reason);
  return (
    <Note tone={calm ? 'info' : 'medium'}>
      <p>
        <strong>
          <Said text={headOf(waiting, detail.bundle.sandbox)} />
        </strong>{' '}
        <span class="dim">
          <Elapsed from={waiting.since} words={t.waits.since} />
        </span>
      </p>
      {waiting.message && (
        <p>
          <Said text={waiting.message} />
        </p>
      )}
      <p>
        {t.waits.safe}
        {waiting.until && ` ${t.waits.until(waiting.until)}`}
        {detail.when_unavailable === 'fail' && ` ${t.waits.failsInstead}`}
      </p>
    </Note>
  );
}

function Known({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function WhatIsKnown({ detail, attempt }: { detail: Detail; attempt: Attempt }) {
  const started = attempt.running_at ?? attempt.started_at;
  const { finished_at: lost, reason } = attempt;
  return (
    <section class="known">
      <h3>{t.lost.title}</h3>
      <dl class="facts">
        <Known name={t.lost.where}>
          <Said text={t.progress.where(detail.bundle.sandbox, detail.bundle.image)} />
        </Known>
        {attempt.sandbox_id && (
          <Known name={t.lost.sandbox}>
            <span class="mono">
              <Said text={attempt.sandbox_id} />
            </span>
          </Known>
        )}
        {attempt.worker && (
          <Known name={t.lost.worker}>
            <Said text={attempt.worker} />
          </Known>
        )}
        {started && (
          <Known name={t.lost.started}>
            <time dateTime={started} title={formatFull(started)}>
              {formatWhen(started)}
            </time>
          </Known>
        )}
        {lost && (
          <Known name={t.lost.lost}>
            <time dateTime={lost} title={formatFull(lost)}>
              {started
                ? t.lost.after(formatSpan(Date.parse(lost) - Date.parse(started)))
                : formatWhen(lost)}
            </time>
          </Known>
        )}
        {reason && <Known name={t.lost.why}>{t.lost.reasons[reason] ?? reason}</Known>}
      </dl>
    </section>
  );
}

export function Lost({ detail }: { detail: Detail }) {
  const { waiting } = detail;
  const attempt = lostAttempt(detail);
  if (attempt?.held)
    return (
      <>
        <RunsNow detail={detail} attempt={attempt} />
        <Settle detail={detail} />
      </>
    );
  const searching = waiting?.reason === 'reattaching' || attempt?.adoptable === true;
  return (
    <>
      <Note tone="medium">
        <p>
          <strong>{t.result.unknown}</strong>
        </p>
        {detail.retry_safe && <p>{t.lost.retrySafe}</p>}
      </Note>
      {searching && (
        <Note tone="info">
          <p>
            {t.lost.searching(detail.bundle.sandbox)}
            {waiting?.until && ` ${t.lost.until(waiting.until)}`}
          </p>
          {attempt?.cancelling && <p>{t.lost.cancelling}</p>}
        </Note>
      )}
      {attempt && <WhatIsKnown detail={detail} attempt={attempt} />}
      <Settle detail={detail} />
    </>
  );
}
