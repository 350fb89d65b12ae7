// What may start: everything, each sandbox with its state, each team; with a switch for each.
import { useEffect, useState } from 'preact/hooks';
import { call } from '../base/api';
import type { Ref } from '../base/types';
import type { BackendState, Fleet } from './types';
import { Sign, type Tone } from '../parts/icons';
import { Said } from '../parts/small';
import { PauseState, PauseSwitch } from './switch';
import { t } from '../texts';

const tones: Record<string, Tone> = {
  ready: 'low',
  half_open: 'medium',
  breaker_open: 'high',
  not_ready: 'medium',
  no_worker: 'plain',
};

function useTeams(): Ref[] {
  const [teams, set] = useState<Ref[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    call<{ teams: Ref[] }>('/api/teams', { signal: stop.signal })
      .then((found) => set(found.teams))
      .catch(() => undefined);
    return () => stop.abort();
  }, []);
  return teams;
}

interface RowProps {
  scope: string;
  what: string;
  fleet: Fleet;
}

function StartRow({ scope, what, fleet }: RowProps) {
  const pause = fleet.pauses.find((one) => one.scope === scope);
  return (
    <li class="start-row">
      <span class="start-name">
        <Said text={what} />
      </span>
      <span class="start-state">
        <PauseState pause={pause} />
      </span>
      <PauseSwitch scope={scope} what={what} pause={pause} />
    </li>
  );
}

export function Starts({ fleet }: { fleet: Fleet }) {
  const teams = useTeams();
  return (
    <section class="card fleet-card">
      <h2>{t.fleet.pauses}</h2>
      <ul>
        <StartRow scope="all" what={t.fleet.everything} fleet={fleet} />
        {teams.map(({ id, name }) => (
          <StartRow key={id} scope={`team:${id}`} what={t.fleet.team(name)} fleet={fleet} />
        ))}
      </ul>
    </section>
  );
}

function BackendSign({ name, state }: { name: string; state: BackendState }) {
  const { until, message, refused } = state;
  const tone = tones[state.state] ?? 'plain';
  const word = refused ? t.fleet.refused(name) : t.fleet.states[state.state];
  return (
    <>
      <span class={`state tone-${tone}`}>
        <Sign tone={tone} /> {word ?? state.state}
      </span>
      {until && <span class="dim"> · {t.fleet.until(until)}</span>}
      {message && (
        <span class="dim backend-message">
          <Said text={message} />
        </span>
      )}
    </>
  );
}

function BackendRow({ name, state, fleet }: { name: string; state: BackendState; fleet: Fleet }) {
  const scope = `backend:${name}`;
  const pause = fleet.pauses.find((one) => one.scope === scope);
  return (
    <tr>
      <th scope="row">
        <bdi>{t.sandbox.name(name)}</bdi>
      </th>
      <td>
        <BackendSign name={name} state={state} />
        {pause && (
          <span class="backend-pause">
            <PauseState pause={pause} />
          </span>
        )}
      </td>
      <td data-label={t.fleet.workersOf}>{t.fleet.counts(state.workers)}</td>
      <td data-label={t.fleet.waiting}>{t.fleet.counts(state.ready_attempts)}</td>
      <td class="switch-cell">
        <PauseSwitch scope={scope} what={t.sandbox.name(name)} pause={pause} />
      </td>
    </tr>
  );
}

export function Backends({ fleet }: { fleet: Fleet }) {
  return (
    <section class="card table-card fleet-card">
      <h2 id="backends">{t.fleet.backends}</h2>
      <table class="table stacked" aria-labelledby="backends">
        <thead>
          <tr>
            <th scope="col">{t.fleet.backend}</th>
            <th scope="col">{t.fleet.state}</th>
            <th scope="col">{t.fleet.workersOf}</th>
            <th scope="col">{t.fleet.waiting}</th>
            <th scope="col">
              <span class="unseen">{t.fleet.switch}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(fleet.backends).map(([name, state]) => (
            <BackendRow key={name} name={name} state={state} fleet={fleet} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
