// Sent, Approved, Run: with real times; the active step counts up.
import type { ComponentChildren } from 'preact';
import { second } from '../base/clock';
import { formatDuration, formatFull, formatSpan, formatWhen } from '../base/format';
import type { Attempt, Decision, Detail } from '../base/types';
import { Icon } from '../parts/icons';
import { Elapsed, Said } from '../parts/small';
import { t } from '../texts';

type Look = 'done' | 'active' | 'todo' | 'bad' | 'stopped';

export function lastDecision(detail: Detail): Decision | undefined {
  return detail.decisions.filter((one) => !one.void).at(-1);
}

export function lastAttempt(detail: Detail): Attempt | undefined {
  return detail.attempts.reduce<Attempt | undefined>(
    (last, one) => (!last || one.id > last.id ? one : last),
    undefined,
  );
}

// What may run still, or nobody knows how it ended; a later try may have been put aside.
export function lostAttempt(detail: Detail): Attempt | undefined {
  return detail.attempts.filter((one) => one.state === 'unknown').at(-1);
}

function runsNow(detail: Detail): boolean {
  return detail.state === 'running' || lostAttempt(detail)?.held === true;
}

function sentAt(detail: Detail): string {
  return (
    detail.revisions.find((one) => one.revision === detail.revision)?.created_at ??
    detail.created_at
  );
}

interface StepProps {
  name: string;
  look: Look;
  children?: ComponentChildren;
}

function Step({ name, look, children }: StepProps) {
  const icon = { done: 'check', bad: 'cross', stopped: 'stop', active: null, todo: null } as const;
  const found = icon[look];
  return (
    <li class={`step ${look}`} aria-current={look === 'active' ? 'step' : undefined}>
      <span class="step-dot" aria-hidden="true">
        {found && <Icon name={found} size={12} />}
      </span>
      <span class="step-name">{name}</span>
      <span class="step-time">{children}</span>
    </li>
  );
}

function approvalLook(detail: Detail): Look {
  const looks: Record<string, Look> = {
    pending: 'active',
    rejected: 'bad',
    changes_requested: 'stopped',
  };
  const approved = ['approve', 'break_glass'].includes(lastDecision(detail)?.verdict ?? '');
  if (looks[detail.state]) return looks[detail.state] ?? 'todo';
  return approved ? 'done' : 'stopped';
}

function approvalName({ state }: Detail): string {
  const named = state === 'rejected' || state === 'changes_requested';
  return (named && t.state[state]) || t.result.steps.approved;
}

function Approval({ detail }: { detail: Detail }) {
  const decision = lastDecision(detail);
  const sent = sentAt(detail);
  if (detail.state === 'pending') return <Elapsed from={sent} words={t.result.waiting} />;
  if (!decision) return null;
  const span = formatSpan(Date.parse(decision.decided_at) - Date.parse(sent));
  return (
    <span title={formatFull(decision.decided_at)}>
      <Said text={decision.reviewer.name} />, {span}
    </span>
  );
}

function runLook(detail: Detail): Look {
  const looks: Record<string, Look> = {
    approved: 'active',
    running: 'active',
    succeeded: 'done',
    failed: 'bad',
    outcome_unknown: 'bad',
  };
  if (runsNow(detail)) return 'active';
  const stopped = ['cancelled', 'expired'].includes(detail.state) && detail.attempts.length > 0;
  return looks[detail.state] ?? (stopped ? 'stopped' : 'todo');
}

function Run({ detail }: { detail: Detail }) {
  const attempt = lastAttempt(detail);
  if (detail.state === 'approved') {
    const start = Date.parse(attempt?.not_before ?? detail.undo_until ?? '');
    if (start > second.value) return <>{t.result.startsIn(formatSpan(start - second.value))}</>;
    return <Elapsed from={detail.state_at} words={t.result.waiting} />;
  }
  if (runsNow(detail))
    return (
      <Elapsed
        from={attempt?.running_at ?? attempt?.started_at ?? detail.state_at}
        words={t.result.running}
      />
    );
  if (attempt?.duration_ms == null) return null;
  return <>{formatDuration(attempt.duration_ms)}</>;
}

export function Steps({ detail }: { detail: Detail }) {
  const sent = sentAt(detail);
  return (
    <ol class="steps" aria-label={t.result.stepsLabel}>
      <Step name={t.result.steps.sent} look="done">
        <time dateTime={sent} title={formatFull(sent)}>
          {formatWhen(sent)}
        </time>
      </Step>
      <Step name={approvalName(detail)} look={approvalLook(detail)}>
        <Approval detail={detail} />
      </Step>
      <Step name={t.result.steps.run} look={runLook(detail)}>
        <Run detail={detail} />
      </Step>
    </ol>
  );
}
