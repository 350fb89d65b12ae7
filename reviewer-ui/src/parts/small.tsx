// Small parts that every view uses.
import type { ComponentChildren, JSX, TargetedMouseEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatFull, formatSpan, initials } from '../base/format';
import { followLink } from '../base/route';
import { moment, second } from '../base/clock';
import { Boxed } from '../code/boxed';
import { findMarks, findOutputMarks, type Mark } from '../code/hidden';
import { speak } from '../base/messages';
import { singleKeys } from '../base/keys';
import type { AnyVerdict, Risk } from '../base/types';
import { Icon, Sign, type IconName, type Tone } from './icons';
import { t } from '../texts';

export function A(props: JSX.IntrinsicElements['a']) {
  return <a {...props} onClick={followLink} />;
}

function markPieces(text: string, marks: Mark[]): ComponentChildren[] {
  const pieces: ComponentChildren[] = [];
  let at = 0;
  for (const { start, end, label } of marks) {
    if (start > at) pieces.push(text.slice(at, start));
    pieces.push(
      <Boxed label={label}>{text.slice(start, end)}</Boxed>,
    );
    at = end;
  }
  pieces.push(text.slice(at));
  return pieces;
}

// Text that somebody wrote: direction of its own, hidden characters boxed.
export function Said({ text, output = false }: { text: string; output?: boolean }) {
  const marks = output ? findOutputMarks(text) : findMarks(text);
  return <bdi>{marks.length ? markPieces(text, marks) : text}</bdi>;
}

export function Key({ name }: { name: string }) {
  if (name.length === 1 && !singleKeys.value) return null;
  return <kbd aria-hidden="true">{name}</kbd>;
}

interface ButtonProps {
  icon?: IconName;
  keyName?: string;
  tone?: 'primary' | 'danger' | 'quiet' | 'plain';
  // Disabled buttons keep their place and focus, and say why.
  off?: boolean;
  busy?: boolean;
  small?: boolean;
}

export function Button({
  icon,
  keyName,
  tone = 'plain',
  off,
  busy,
  small,
  children,
  onClick,
  class: extra,
  ...rest
}: ButtonProps & Omit<JSX.IntrinsicElements['button'], 'icon' | 'size'>) {
  const act = (event: TargetedMouseEvent<HTMLButtonElement>) => {
    if (off || busy) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button
      type="button"
      {...rest}
      class={`button ${tone}${small ? ' small' : ''}${extra ? ` ${extra}` : ''}`}
      aria-disabled={off || busy ? 'true' : undefined}
      aria-busy={busy ? 'true' : undefined}
      aria-keyshortcuts={keyName?.length === 1 && singleKeys.value ? keyName : undefined}
      onClick={act}
    >
      {icon && <Icon name={icon} />}
      <span class="label">{children}</span>
      {keyName && <Key name={keyName} />}
    </button>
  );
}

export function Avatar({ name }: { name: string }) {
  return <span class="avatar" aria-hidden="true" data-initials={initials(name)} />;
}

// "4 min"; the full time is in the title.
export function Since({ at, words }: { at: string; words?: (span: string) => string }) {
  const ms = moment.value - Date.parse(at);
  const span = formatSpan(ms);
  const text = words ? (ms < 10_000 ? t.justNow : words(span)) : ms < 10_000 ? t.now : span;
  return (
    <time dateTime={at} title={formatFull(at)}>
      {text}
    </time>
  );
}

export function agoText(at: string): string {
  const ms = moment.value - Date.parse(at);
  return ms < 10_000 ? t.justNow : t.ago(formatSpan(ms));
}

export function Elapsed({ from, words }: { from: string; words: (span: string) => string }) {
  return <>{words(formatSpan(second.value - Date.parse(from)))}</>;
}

const stateTones: Record<string, Tone> = {
  pending: 'plain',
  approved: 'low',
  running: 'info',
  succeeded: 'low',
  failed: 'high',
  rejected: 'high',
  changes_requested: 'medium',
  outcome_unknown: 'medium',
  blocked: 'high',
  draft_failed: 'high',
};

export function stateTone(state: string): Tone {
  return stateTones[state] ?? 'plain';
}

export function StateSign({ state }: { state: string }) {
  const tone = stateTone(state);
  return (
    <span class={`state tone-${tone}`}>
      <Sign tone={tone} size={15} />
      {t.state[state] ?? state}
    </span>
  );
}

export const riskTones: Record<Risk, Tone> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  blocked: 'high',
};

// Shape and colour, and the word for who sees neither.
export function RiskSign({ risk }: { risk: Risk }) {
  return (
    <span class={`tone-${riskTones[risk]}`} title={t.risk[risk]}>
      <Sign tone={riskTones[risk]} />
      <span class="unseen">{t.risk[risk]}: </span>
    </span>
  );
}

const verdictIcons = {
  approve: 'check',
  reject: 'cross',
  request_changes: 'speech',
  break_glass: 'shield',
} as const;
const verdictTones = {
  approve: 'low',
  reject: 'high',
  request_changes: 'medium',
  break_glass: 'high',
} as const;

export function VerdictSign({ verdict }: { verdict: AnyVerdict }) {
  return (
    <span class={`tone-${verdictTones[verdict] ?? 'plain'}`}>
      <Icon name={verdictIcons[verdict] ?? 'speech'} />
    </span>
  );
}

// What one admin approved alone says so wherever it is shown.
export function GlassSign() {
  return (
    <strong class="tone-high glass-sign">
      <Icon name="shield" size={14} /> {t.glass.sign}
    </strong>
  );
}

export function Note({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <div class={`note note-${tone}`}>
      <Sign tone={tone} />
      <div>{children}</div>
    </div>
  );
}

// Works without a secure context too, where there is no clipboard object.
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

interface CopyProps {
  text: () => string;
  label: string;
  done?: string;
  icon?: IconName;
  small?: boolean;
  quiet?: boolean;
}

export function CopyButton({ text, label, done = t.copied, icon, small, quiet }: CopyProps) {
  const [said, say] = useState('');
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(''), 2500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    const result = (await copyText(text())) ? done : t.code.copyFailed;
    say(result);
    speak(result);
  };
  const extra = {
    ...(icon && { icon }),
    ...(small && { small }),
    ...(quiet && { tone: 'quiet' as const }),
  };
  return (
    <Button {...extra} onClick={copy}>
      {said || label}
    </Button>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      {t.loading}
    </p>
  );
}
