// What came out of a request, or why nothing did.
import type { ComponentChildren } from 'preact';
import { formatDuration, formatMoney } from '../base/format';
import { live } from '../base/live';
import type { Attempt, Detail } from '../base/types';
import { GlassSign, Note, Said } from '../parts/small';
import { Items } from './items';
import { RunsNow } from './running';
import { lastAttempt, lastDecision } from './steps';
import { Lost, WaitsBecause } from './waiting';
import type { Tone } from '../parts/icons';
import { t } from '../texts';

function Quote({ detail, words }: { detail: Detail; words: (name: string) => string }) {
  const decision = lastDecision(detail);
  if (!decision) return null;
  return (
    <>
      <p>
        <strong>{words(decision.reviewer.name)}</strong>
      </p>
      {decision.note && (
        <blockquote>
          <Said text={decision.note} />
        </blockquote>
      )}
    </>
  );
}

function ForReview({ detail }: { detail: Detail }) {
  const ahead = detail.ahead ?? 0;
  const { quorum } = detail;
  if (quorum && !quorum.possible) return plain('medium', t.decide.noQuorum(quorum.eligible));
  return (
    <Note tone="info">
      <p>
        <strong>{ahead > 0 ? t.result.ahead(ahead) : t.result.next}</strong>
      </p>
      <p>{t.result.waitingText}</p>
    </Note>
  );
}

function failureText(detail: Detail, attempt: Attempt | undefined): string {
  if (!attempt) return t.result.failed;
  if (attempt.state === 'timed_out')
    return t.result.timedOut(formatDuration(detail.bundle.limits.wall_ms));
  if (attempt.state === 'cancelled' && attempt.started_at) return t.result.stopped;
  const text = t.result.failedBy[attempt.reason ?? ''];
  return text ?? (attempt.started_at ? t.result.failed : t.result.notStarted);
}

// What never started was refused in the words of a worker or a service.
function refusalText(attempt: Attempt | undefined): string {
  if (!attempt?.reason || attempt.started_at || t.result.failedBy[attempt.reason]) return '';
  return attempt.reason;
}

function Failure({ detail, attempt }: { detail: Detail; attempt: Attempt | undefined }) {
  const error = attempt?.error;
  const refusal = refusalText(attempt);
  return (
    <Note tone="high">
      <p>
        <strong>{failureText(detail, attempt)}</strong>
      </p>
      {error?.name && (
        <p class="mono error-line">
          <Said output text={error.value ? `${error.name}: ${error.value}` : error.name} />
        </p>
      )}
      {refusal && (
        <p>
          <Said text={refusal} />
        </p>
      )}
      <p>{t.result.safe}</p>
    </Note>
  );
}

function Blocked({ detail }: { detail: Detail }) {
  const reasons = detail.findings.filter(({ level }) => level === 'block');
  return (
    <Note tone="high">
      <p>
        <strong>{t.result.blocked}</strong>
      </p>
      <ul class="blocked-by">
        {reasons.map(({ title, explanation, line }, n) => (
          <li key={n}>
            {title}
            {explanation && `. ${explanation}`} <span class="dim">{t.code.line(line)}</span>
          </li>
        ))}
      </ul>
      <p>{t.result.blockedText}</p>
    </Note>
  );
}

function plain(tone: Tone, text: ComponentChildren) {
  return (
    <Note tone={tone}>
      <p>{text}</p>
    </Note>
  );
}

function StateText({ detail, attempt }: { detail: Detail; attempt: Attempt | undefined }) {
  switch (detail.state) {
    case 'pending':
      return <ForReview detail={detail} />;
    case 'approved':
      if (detail.waiting) return <WaitsBecause detail={detail} waiting={detail.waiting} />;
      return plain('info', detail.can.undo ? t.result.undoText : t.result.approvedText);
    case 'running':
      return <RunsNow detail={detail} attempt={attempt} />;
    case 'rejected':
      return (
        <Note tone="high">
          <Quote detail={detail} words={t.result.rejected} />
        </Note>
      );
    case 'changes_requested':
      return (
        <Note tone="medium">
          <Quote detail={detail} words={t.result.changes} />
        </Note>
      );
    case 'cancelled':
      return plain('plain', t.result.cancelled);
    case 'expired':
      return plain('plain', t.result.expired);
    case 'blocked':
      return <Blocked detail={detail} />;
    case 'outcome_unknown':
      return <Lost detail={detail} />;
    case 'failed':
      return <Failure detail={detail} attempt={attempt} />;
    default:
      return null;
  }
}

// What is not priced is said, not counted as nothing.
function costTexts({ cost_nano_usd: sum, costs = [] }: Detail): string[] {
  const money = formatMoney(sum);
  const unknown = costs.filter((one) => one.nano_usd === null).map((one) => one.provider);
  const words = costs.some((one) => one.estimated) ? t.result.costAbout : t.result.cost;
  const missing = [...new Set(unknown)].map((name) =>
    t.result.costUnknown(t.sandbox.name(name)),
  );
  return sum > 0 || missing.length === 0 ? [words(money), ...missing] : missing;
}

function GlassNote({ detail }: { detail: Detail }) {
  return (
    <Note tone="high">
      <p>
        <GlassSign />
      </p>
      <Quote detail={detail} words={(name) => `${name}:`} />
    </Note>
  );
}

function Foot({ detail, attempt }: { detail: Detail; attempt: Attempt }) {
  const approval = lastDecision(detail);
  const parts = [
    ...costTexts(detail),
    attempt.duration_ms != null && t.result.took(formatDuration(attempt.duration_ms)),
    attempt.memory_peak_bytes ? t.result.memory(attempt.memory_peak_bytes) : null,
    (approval?.verdict === 'approve' || approval?.verdict === 'break_glass') &&
      t.result.versionBy(detail.revision, approval.reviewer.name),
  ];
  return <p class="result-foot dim">{parts.filter(Boolean).join(' · ')}</p>;
}

export function Result({ detail }: { detail: Detail }) {
  const attempt = lastAttempt(detail);
  const items = attempt?.items ?? [];
  const ended = attempt !== undefined && attempt.finished_at !== null;
  return (
    <div class="result">
      {detail.break_glass && <GlassNote detail={detail} />}
      <StateText detail={detail} attempt={attempt} />
      {live.value === 'offline' && plain('medium', t.live.offlineHelp)}
      {attempt && items.length > 0 && <Items detail={detail} attempt={attempt} />}
      {detail.state === 'succeeded' && items.length === 0 && plain('low', t.result.noOutput)}
      {attempt?.output_truncated && plain('medium', t.result.truncated)}
      {ended && <Foot detail={detail} attempt={attempt} />}
    </div>
  );
}
