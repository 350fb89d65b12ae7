// Dropping old rows of the trail: what is proposed and agreed to, and what was dropped before.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call } from '../base/api';
import { formatFull, formatNumber } from '../base/format';
import { errorText, showToast } from '../base/messages';
import { me } from '../base/session';
import { Sign, type Tone } from '../parts/icons';
import { Button, CopyButton, Loading, Said } from '../parts/small';
import { Prove } from '../people/prove';
import type { Retention as Dropping, Retentions } from './types';
import { t } from '../texts';

const words = t.audit.retention;
const path = '/api/audit/retention';
const isOpen = ({ state }: Dropping) => state === 'proposed' || state === 'agreed';

interface Act {
  path: string;
  body: Record<string, string>;
  done: string;
  then?: () => void;
}

// What is asked of the server; when it wants to know once more who asks, this is asked first.
function useActs(load: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [proving, prove] = useState<Act | null>(null);
  const run = async (act: Act) => {
    if (busy) return;
    prove(null);
    setBusy(true);
    setProblem(null);
    try {
      await call(act.path, { body: act.body });
      showToast({ text: act.done, tone: 'good' });
      act.then?.();
    } catch (reason) {
      if (reason instanceof ApiError && reason.code === 'reauthentication_required') prove(act);
      else setProblem(reason);
    }
    setBusy(false);
    await load();
  };
  const leave = () => {
    prove(null);
    setProblem(words.cancelled);
  };
  return { busy, problem, proving, run, leave };
}

type Acts = ReturnType<typeof useActs>;

function problemText(problem: unknown, field = ''): string {
  if (!problem) return '';
  if (typeof problem === 'string') return field ? '' : problem;
  const named = problem instanceof ApiError ? problem.field : '';
  const known = ['before', 'reason'].includes(named) ? named : '';
  return known === field ? errorText(problem) : '';
}

const tones: Record<Dropping['state'], Tone> = {
  proposed: 'info',
  agreed: 'medium',
  withdrawn: 'plain',
  dropped: 'high',
};

function People({ row }: { row: Dropping }) {
  const steps: [string, { name: string } | null, string | null][] = [
    [words.states.proposed, row.proposed_by, row.proposed_at],
    [words.states.agreed, row.agreed_by, row.agreed_at],
    [words.states.withdrawn, row.withdrawn_by, row.withdrawn_at],
  ];
  return (
    <ul class="retention-people dim">
      {steps.map(
        ([what, who, at]) =>
          who && at && <li key={what}>{words.by(what, who.name, formatFull(at))}</li>,
      )}
      {row.dropped_at && (
        <li>
          {formatFull(row.dropped_at)}:{' '}
          {words.dropped(row.dropped_events ?? 0, row.kept_events ?? 0)}
        </li>
      )}
    </ul>
  );
}

function About({ row }: { row: Dropping }) {
  return (
    <>
      <p class={`state tone-${tones[row.state]}`}>
        <Sign tone={tones[row.state]} /> {words.states[row.state]}
      </p>
      <p>
        {words.upTo(formatNumber(row.seal), formatFull(row.sealed_at))} · {words.rows(row.events)}
      </p>
      <blockquote>
        <Said text={row.reason} />
      </blockquote>
      <People row={row} />
      {row.manifest_sha256 && (
        <p class="dim">
          {words.manifest}: <code class="audit-hash">{row.manifest_sha256}</code>
        </p>
      )}
    </>
  );
}

function Open({ row, acts }: { row: Dropping; acts: Acts }) {
  const { busy, problem, run } = acts;
  const own = row.proposed_by.id === me.value?.person.id;
  const act = (verb: 'agree' | 'withdraw', done: string) =>
    void run({ path: `${path}/${row.id}/${verb}`, body: {}, done });
  const command = words.command(row.id);
  return (
    <section class="card audit-form" aria-label={words.states[row.state]}>
      <About row={row} />
      {row.state === 'agreed' && (
        <div>
          <p>{words.next}</p>
          <pre class="audit-sql">{command}</pre>
          <CopyButton small text={() => command} label={t.copy} icon="copy" />
        </div>
      )}
      {row.state === 'proposed' && own && <p class="dim">{words.own}</p>}
      <p class="problem" role="alert">
        {problemText(problem)}
      </p>
      <div class="actions">
        {row.state === 'proposed' && !own && (
          <Button tone="danger" busy={busy} onClick={() => act('agree', words.agreed)}>
            {words.agree}
          </Button>
        )}
        <Button busy={busy} onClick={() => act('withdraw', words.withdrawn)}>
          {words.withdraw}
        </Button>
      </div>
    </section>
  );
}

function Propose({ earliest, acts }: { earliest: string; acts: Acts }) {
  const { busy, problem, run } = acts;
  const [before, setBefore] = useState(earliest);
  const [reason, write] = useState('');
  const bad = (field: string) => problemText(problem, field);
  return (
    <form
      class="card audit-form"
      aria-label={words.propose}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const body = { before, reason: reason.trim() };
        void run({ path, body, done: words.proposed, then: () => write('') });
      }}
    >
      <label class="labelled retention-day">
        <span>{words.before}</span>
        <input
          class="field"
          type="date"
          max={earliest}
          value={before}
          aria-invalid={bad('before') !== ''}
          aria-describedby="retention-before"
          onInput={(event) => setBefore(event.currentTarget.value)}
        />
      </label>
      <p class={bad('before') ? 'problem' : 'dim'} id="retention-before">
        {bad('before') || words.earliest(earliest)}
      </p>
      <label class="labelled">
        <span>{words.reason}</span>
        <textarea
          class="field"
          rows={2}
          dir="auto"
          maxLength={500}
          value={reason}
          aria-invalid={bad('reason') !== ''}
          aria-describedby="retention-problem"
          onInput={(event) => write(event.currentTarget.value)}
        />
      </label>
      <p class="problem" id="retention-problem" role="alert">
        {bad('reason') || bad('')}
      </p>
      <div class="actions">
        <Button tone="primary" type="submit" busy={busy}>
          {words.propose}
        </Button>
      </div>
    </form>
  );
}

function Past({ rows }: { rows: Dropping[] }) {
  return (
    <section class="card audit-form" aria-label={words.past}>
      <h2>{words.past}</h2>
      {rows.length === 0 && <p class="dim">{words.none}</p>}
      <ul class="retention-past">
        {rows.map((row) => (
          <li key={row.id}>
            <About row={row} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Retention() {
  const [found, set] = useState<Retentions | null>(null);
  const [failed, fail] = useState(false);
  const load = () =>
    call<Retentions>(path).then(
      (answer) => {
        fail(false);
        set(answer);
      },
      () => fail(true),
    );
  useEffect(() => void load(), []);
  const acts = useActs(load);
  const { proving, run, leave } = acts;
  const open = found?.retentions.find(isOpen);
  return (
    <>
      <section class="card audit-form" aria-label={words.title}>
        <h2>{words.title}</h2>
        <p class="dim measure">{words.about}</p>
        {failed && (
          <p>
            {words.loadFailed} <Button small onClick={() => void load()}>{t.tryAgain}</Button>
          </p>
        )}
        {!found && !failed && <Loading />}
      </section>
      {open && <Open row={open} acts={acts} />}
      {found && !open && <Propose earliest={found.earliest} acts={acts} />}
      {found && <Past rows={found.retentions.filter((row) => !isOpen(row))} />}
      {proving && <Prove what="retention" proved={() => void run(proving)} leave={leave} />}
    </>
  );
}
