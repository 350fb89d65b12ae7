// The workers: which are there, what they can run, what they run now; and what may start.
import { useEffect, useState } from 'preact/hooks';
import { onRequestEvent } from '../base/live';
import type { WorkerAttempt, WorkerBackend, WorkerRow } from './types';
import { fleet, loadWorkers, workerReady } from '../parts/live-sign';
import { Sign } from '../parts/icons';
import { A, Elapsed, Loading, Said, Since } from '../parts/small';
import { Backends, Starts } from './starts';
import { t } from '../texts';

function State({ row }: { row: WorkerRow }) {
  if (!row.alive)
    return (
      <span class="state tone-plain">
        <Sign tone="plain" /> {t.workers.gone}
      </span>
    );
  const ready = workerReady(row);
  return (
    <span class={`state tone-${ready ? 'low' : 'medium'}`}>
      <Sign tone={ready ? 'low' : 'medium'} /> {ready ? t.workers.ready : t.workers.notReady}
    </span>
  );
}

function BackendNote({ ready, why_not, breaker, until, refused, weaker }: WorkerBackend) {
  const broken = t.fleet.breakers[refused ? 'refused' : breaker ?? ''];
  return (
    <>
      {broken && (
        <span class={breaker === 'open' ? 'tone-high' : 'tone-medium'}>
          : {broken}
          {breaker === 'open' && until && `, ${t.fleet.until(until)}`}
        </span>
      )}
      {!ready && why_not && (
        <span class="dim">
          : <Said text={why_not} />
        </span>
      )}
      {weaker ? <span class="tone-medium"> · {t.workers.weaker}</span> : null}
    </>
  );
}

function Sandboxes({ row }: { row: WorkerRow }) {
  return (
    <>
      {Object.entries(row.backends).map(([name, backend]) => (
        <span key={name} class="worker-sandbox">
          <bdi>{t.sandbox.name(name)}</bdi>
          <BackendNote {...backend} />
        </span>
      ))}
    </>
  );
}

function RunningAttempt({ attempt }: { attempt: WorkerAttempt }) {
  const { request_id: id, started_at: started, adopted, backend } = attempt;
  return (
    <li>
      <A href={`/requests/${id}`}>{t.number(id)}</A>{' '}
      <span class="dim">
        {started ? <Elapsed from={started} words={t.fleet.run} /> : t.fleet.preparing}
        {backend !== 'local' && ` · ${t.sandbox.name(backend)}`}
        {adopted && ` · ${t.fleet.reattached}`}
      </span>
    </li>
  );
}

function RunningNow({ row }: { row: WorkerRow }) {
  const { attempts = [], attempts_hidden: hidden = 0 } = row;
  if (attempts.length + hidden === 0) return <span class="dim">{t.fleet.nothingRuns}</span>;
  return (
    <ul class="worker-runs">
      {attempts.map((one) => (
        <RunningAttempt key={one.id} attempt={one} />
      ))}
      {hidden > 0 && <li class="dim">{t.fleet.hidden(hidden)}</li>}
    </ul>
  );
}

function WorkerLine({ row }: { row: WorkerRow }) {
  const { columns } = t.workers;
  return (
    <tr>
      <th scope="row">
        <Said text={row.name} />
      </th>
      <td>
        <State row={row} />
      </td>
      <td data-label={columns.jobs}>{t.workers.jobs(row.running, row.slots)}</td>
      <td data-label={t.fleet.running}>
        <RunningNow row={row} />
      </td>
      <td data-label={columns.sandbox}>
        <Sandboxes row={row} />
      </td>
      <td data-label={columns.version}>{row.version}</td>
      <td data-label={columns.seen}>
        <Since at={row.seen_at} words={t.ago} />
      </td>
    </tr>
  );
}

function WorkerTable({ rows }: { rows: WorkerRow[] }) {
  const { columns } = t.workers;
  return (
    <section class="card table-card fleet-card">
      <h2 id="workers">{t.workers.title}</h2>
      <table class="table stacked" aria-labelledby="workers">
        <thead>
          <tr>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.state}</th>
            <th scope="col">{columns.jobs}</th>
            <th scope="col">{t.fleet.running}</th>
            <th scope="col">{columns.sandbox}</th>
            <th scope="col">{columns.version}</th>
            <th scope="col">{columns.seen}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <WorkerLine key={row.id} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

const every = 5_000;
const patience = 1_000;

// Fresh while somebody looks: every five seconds, and soon after something happened.
function useFleet(): boolean {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    let soon: ReturnType<typeof setTimeout> | undefined;
    const load = () => {
      soon = undefined;
      void loadWorkers().then(() => setAsked(true));
    };
    load();
    const timer = setInterval(() => {
      if (!document.hidden) load();
    }, every);
    const stop = onRequestEvent(() => (soon ??= setTimeout(load, patience)));
    return () => {
      clearInterval(timer);
      clearTimeout(soon);
      stop();
    };
  }, []);
  return asked;
}

export function Workers() {
  const asked = useFleet();
  const now = fleet.value;
  if (!now)
    return (
      <div class="wide">
        <h1>{t.workers.title}</h1>
        {asked ? <p class="empty">{t.fleet.failed}</p> : <Loading />}
      </div>
    );
  return (
    <div class="wide fleet">
      <header>
        <h1>{t.workers.title}</h1>
        <p class="dim measure">{t.workers.intro}</p>
      </header>
      <Starts fleet={now} />
      {now.backends && <Backends fleet={now} />}
      {now.workers.length === 0 && <p class="empty">{t.workers.none}</p>}
      {now.workers.length > 0 && <WorkerTable rows={now.workers} />}
    </div>
  );
}
