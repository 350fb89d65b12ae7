// The workers: which are there, what they can run, how busy they are.
import { useEffect } from 'preact/hooks';
import type { WorkerRow } from '../base/types';
import { loadWorkers, workerReady, workers } from '../parts/live-sign';
import { Sign } from '../parts/icons';
import { Said, Since } from '../parts/small';
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

function Sandboxes({ row }: { row: WorkerRow }) {
  return (
    <>
      {Object.entries(row.backends).map(([name, { ready, why_not, weaker }]) => (
        <span key={name} class="worker-sandbox">
          {t.facts.sandboxNames[name] ?? name}
          {!ready && why_not && (
            <span class="dim">
              : <Said text={why_not} />
            </span>
          )}
          {weaker ? <span class="tone-medium"> · {t.workers.weaker}</span> : null}
        </span>
      ))}
    </>
  );
}

export function Workers() {
  useEffect(() => void loadWorkers(), []);
  const rows = workers.value ?? [];
  const { columns } = t.workers;
  return (
    <div class="wide">
      <h1>{t.workers.title}</h1>
      <p class="dim measure">{t.workers.intro}</p>
      {rows.length === 0 && <p class="empty">{t.workers.none}</p>}
      {rows.length > 0 && (
        <div class="card table-card">
          <table class="table stacked">
            <thead>
              <tr>
                <th scope="col">{columns.name}</th>
                <th scope="col">{columns.state}</th>
                <th scope="col">{columns.jobs}</th>
                <th scope="col">{columns.sandbox}</th>
                <th scope="col">{columns.version}</th>
                <th scope="col">{columns.seen}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id}>
                  <th scope="row">
                    <Said text={row.name} />
                  </th>
                  <td>
                    <State row={row} />
                  </td>
                  <td data-label={columns.jobs}>{t.workers.jobs(row.running, row.slots)}</td>
                  <td data-label={columns.sandbox}>
                    <Sandboxes row={row} />
                  </td>
                  <td data-label={columns.version}>{row.version}</td>
                  <td data-label={columns.seen}>
                    <Since at={row.seen_at} words={t.ago} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
