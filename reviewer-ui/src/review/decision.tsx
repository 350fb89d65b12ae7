// The decision bar: what a decision covers or why there is none, the note, three buttons.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import { addKeys } from '../base/keys';
import { keep, readKept } from '../base/kept';
import { live } from '../base/live';
import { errorText, speak } from '../base/messages';
import { me } from '../base/session';
import { firstName } from '../base/format';
import type { Detail, Verdict } from '../base/types';
import { Icon, Sign } from '../parts/icons';
import { A, agoText, Button } from '../parts/small';
import { Prove } from '../people/prove';
import { BreakGlass } from './break-glass';
import { startReading, sendDecision } from './decide';
import { unreadCount } from './findings-read';
import { unseenLines } from './seen';
import { useWait } from './wait';
import { t } from '../texts';

interface BarProps {
  // The version that is on the screen.
  detail: Detail;
  // A newer version than the one on the screen, when there is one.
  newer: number | null;
  showNewer: () => void;
}

function decidedText(detail: Detail): string | null {
  const last = detail.decisions.filter((one) => !one.void).at(-1);
  if (!last) return null;
  const verb = t.facts.verdicts[last.verdict] ?? last.verdict;
  return `${t.review.decidedBy(verb, last.reviewer.name, agoText(last.decided_at))}.`;
}

// What makes a request one's own, where that can be seen.
function partOf(detail: Detail): 'author' | 'editor' | null {
  const mine = me.value?.person.id;
  if (detail.cannot_decide_because !== 'own_request' || mine === undefined) return null;
  if (detail.author.id === mine) return 'author';
  return detail.revisions.some((one) => one.editor.id === mine) ? 'editor' : null;
}

// Why nothing can be decided here, or null.
function whyNever(detail: Detail): string | null {
  if (detail.can.decide) return null;
  const because = partOf(detail) ?? detail.cannot_decide_because ?? 'wrong_state';
  if (because === 'wrong_state' || detail.state !== 'pending')
    return decidedText(detail) ?? `${t.state[detail.state] ?? detail.state}.`;
  return t.decide.because[because] ?? t.decide.because['wrong_role'] ?? '';
}

// Why nothing can be decided now, or null.
function whyNot(detail: Detail): string | null {
  return live.value === 'offline' ? t.decide.offline : whyNever(detail);
}

// The first tick that is missing gets the focus, and so comes into view.
function showUnread(): void {
  document.querySelector<HTMLElement>('.finding-read input:not(:checked)')?.focus();
}

type Armed = Verdict | null;

interface LineProps extends BarProps {
  why: string | null;
  armed: Armed;
  problem: string;
  wait: number;
}

function FirstLine({ detail, newer, showNewer, why, armed, problem, wait }: LineProps) {
  if (newer !== null)
    return (
      <span class="tone-medium">
        <Sign tone="medium" /> {t.decide.stale(newer)}{' '}
        <button type="button" class="as-link" onClick={showNewer}>
          {t.decide.staleShow}
        </button>
      </span>
    );
  if (problem)
    return (
      <span class="tone-high">
        <Sign tone="high" /> {problem}
      </span>
    );
  if (why) {
    const ran = ['approved', 'running', 'succeeded', 'failed', 'outcome_unknown'];
    return (
      <span class="dim">
        <Sign tone="info" /> {why}{' '}
        {ran.includes(detail.state) && <A href={`/requests/${detail.id}`}>{t.review.openResult}</A>}
      </span>
    );
  }
  const unread = unreadCount(detail);
  if (unread > 0)
    return (
      <span class="tone-high">
        <Sign tone="high" /> {t.decide.readFirst(unread)}{' '}
        <button type="button" class="as-link" onClick={showUnread}>
          {t.decide.readFirstShow}
        </button>
      </span>
    );
  if (wait > 0)
    return (
      <span class="tone-medium">
        <Icon name="clock" /> {t.decide.wait(wait)}
      </span>
    );
  if (armed === 'approve')
    return <strong class="tone-accent">{t.decide.armed(detail.revision)}</strong>;
  if (armed)
    return <strong>{armed === 'reject' ? t.decide.armedReject : t.decide.armedChange}</strong>;
  return (
    <span class="tone-low">
      <Icon name="check" /> {t.decide.covers[0]}
      <strong>{t.decide.coversVersion(detail.revision)}</strong>
      {t.decide.covers[1]}
    </span>
  );
}

// What an approval would cover without having been on the screen.
function Unseen({ detail }: { detail: Detail }) {
  const { all, unseen } = unseenLines(detail);
  return unseen > 0 && <span class="dim unseen-lines"> {t.decide.unseen(unseen, all)}</span>;
}

// How far the approvals are, where one is not enough or no number of people would be.
function QuorumLine({ detail }: { detail: Detail }) {
  const { quorum } = detail;
  if (!quorum || (quorum.possible && quorum.needed === 1 && !quorum.groups.length)) return null;
  const groups = quorum.groups.map((group) => t.decide.ofGroup(group.needed, group.name));
  return (
    <p class="quorum-line">
      <Icon name="check" /> {t.decide.approvals(quorum.approved, quorum.needed)} {groups.join(' ')}
      {!quorum.possible && (
        <span class="tone-medium">
          {' '}
          <Sign tone="medium" /> {t.decide.noQuorum(quorum.eligible)}
        </span>
      )}
    </p>
  );
}

function noteName(detail: Detail): string {
  return `note.${me.value?.person.id ?? 0}.${detail.id}`;
}

// The note, kept on this device until it is sent.
function useNote(detail: Detail) {
  const [note, set] = useState(() => readKept(noteName(detail), ''));
  const write = (text: string) => {
    set(text);
    keep(noteName(detail), text);
  };
  return [note, write] as const;
}

interface Bar {
  note: string;
  armed: Armed;
  arm: (verdict: Armed) => void;
  wanted: Verdict | null;
  busy: Verdict | null;
  off: boolean;
  unread: number; // findings that are not ticked yet
  wait: number; // seconds until an approval is taken
  ask: (verdict: Verdict) => void;
  box: { current: HTMLDivElement | null };
}

const names = {
  reject: {
    text: t.decide.reject,
    short: t.decide.reject,
    icon: 'cross',
    key: 'R',
    tone: 'danger',
  },
  request_changes: {
    text: t.decide.change,
    short: t.decide.changeShort,
    icon: 'speech',
    key: 'C',
    tone: 'plain',
  },
  approve: {
    text: t.decide.approve,
    short: t.decide.approveShort,
    icon: 'check',
    key: 'A',
    tone: 'primary',
  },
} as const;

function VerdictButton({ verdict, bar }: { verdict: Verdict; bar: Bar }) {
  const { text, short, icon, key, tone } = names[verdict];
  return (
    <Button
      tone={tone}
      icon={icon}
      keyName={key}
      off={
        bar.off ||
        (bar.busy !== null && bar.busy !== verdict) ||
        (verdict === 'approve' && (bar.unread > 0 || bar.wait > 0))
      }
      busy={bar.busy === verdict}
      class={`verdict-${verdict}`}
      aria-describedby="decision-line"
      onClick={() => bar.ask(verdict)}
      onBlur={() => bar.arm(null)}
    >
      {bar.busy === verdict ? (
        t.decide.sending
      ) : (
        <>
          <span class="long">{text}</span>
          <span class="short">{short}</span>
        </>
      )}
    </Button>
  );
}

// One key never decides: it puts the focus on the button, and Enter presses it.
function useDecisionKeys(bar: Bar, revision: number): void {
  const latest = useRef(bar);
  latest.current = bar;
  useLayoutEffect(() => {
    const reach = (verdict: Verdict) => () => {
      const { off, unread, wait, busy, note, box, arm, ask } = latest.current;
      if (off || busy) return;
      if (verdict === 'approve' && unread > 0) return showUnread();
      if (verdict === 'approve' && wait > 0) return speak(t.decide.wait(wait));
      if (verdict !== 'approve' && !note.trim()) return ask(verdict);
      box.current?.querySelector<HTMLElement>(`.verdict-${verdict}`)?.focus();
      arm(verdict);
      if (verdict === 'approve') speak(t.decide.armed(revision));
    };
    return addKeys({ a: reach('approve'), r: reach('reject'), c: reach('request_changes') });
  }, [revision]);
}

export function DecisionBar(props: BarProps) {
  const { detail, newer } = props;
  const [note, write] = useNote(detail);
  const [armed, arm] = useState<Armed>(null);
  const [wanted, want] = useState<Verdict | null>(null);
  const [busy, setBusy] = useState<Verdict | null>(null);
  const [problem, setProblem] = useState('');
  const [proving, prove] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const why = whyNot(detail);
  const off = why !== null || newer !== null;
  useEffect(() => startReading(detail), [detail.id, detail.revision]);
  useEffect(() => setProblem(''), [detail.revision, detail.state]);

  const ask = async (verdict: Verdict) => {
    if (verdict !== 'approve' && !note.trim()) {
      want(verdict);
      setProblem(t.decide.needNote(firstName(detail.author.name)));
      requestAnimationFrame(() => box.current?.querySelector('textarea')?.focus());
      return;
    }
    setBusy(verdict);
    setProblem('');
    try {
      await sendDecision(detail, verdict, note.trim());
      keep(noteName(detail), null);
    } catch (reason) {
      setBusy(null);
      if (reason instanceof ApiError && reason.code === 'reauthentication_required')
        return prove(true);
      setProblem(errorText(reason));
    }
  };

  const unread = unreadCount(detail);
  const wait = useWait(detail);
  const bar: Bar = { note, armed, arm, wanted, busy, off, unread, wait, ask, box };
  useDecisionKeys(bar, detail.revision);
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Escape')
      box.current?.querySelector<HTMLElement>('.verdict-approve')?.focus();
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || !wanted || off) return;
    event.preventDefault();
    void ask(wanted);
  };
  const label = t.decide.note(firstName(detail.author.name));
  return (
    <>
      <section
        class={wanted || note ? 'decision with-note' : 'decision'}
        aria-label={t.decide.label}
        ref={box}
      >
        <p class="decision-line" id="decision-line">
          <FirstLine {...props} why={why} armed={armed} problem={problem} wait={wait} />
          {!off && <Unseen detail={detail} />}
        </p>
        <QuorumLine detail={detail} />
        {newer === null && <BreakGlass detail={detail} />}
        <div class="decision-row">
          <textarea
            class="field note-field"
            rows={1}
            maxLength={4000}
            dir="auto"
            aria-label={label}
            placeholder={label}
            aria-invalid={problem && !note.trim() ? 'true' : undefined}
            aria-describedby="decision-line"
            readOnly={whyNever(detail) !== null && !note}
            value={note}
            onInput={(event) => {
              write(event.currentTarget.value);
              setProblem('');
            }}
            onKeyDown={keys}
          />
          <VerdictButton verdict="reject" bar={bar} />
          <VerdictButton verdict="request_changes" bar={bar} />
          <VerdictButton verdict="approve" bar={bar} />
        </div>
      </section>
      {proving && (
        <Prove
          what="approve"
          proved={() => {
            prove(false);
            void ask('approve');
          }}
          leave={() => {
            prove(false);
            setProblem(t.prove.cancelled);
          }}
        />
      )}
    </>
  );
}
