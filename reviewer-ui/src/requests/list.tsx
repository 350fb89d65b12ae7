// All requests that a person may see, newest first, with search.
import { useEffect, useState } from 'preact/hooks';
import { RequestRows } from '../base/lists';
import { formatMoney, formatNumber } from '../base/format';
import { go } from '../base/route';
import { nameOf } from '../base/title';
import type { Summary } from '../base/types';
import { Icon } from '../parts/icons';
import { Deadline } from '../parts/deadline';
import { A, Button, GlassSign, Loading, Said, Since, StateSign } from '../parts/small';
import { errorText } from '../base/messages';
import { mayAsk } from '../base/session';
import { t } from '../texts';

const states = [
  'pending',
  'changes_requested',
  'approved',
  'running',
  'succeeded',
  'failed',
  'rejected',
  'cancelled',
  'expired',
  'outcome_unknown',
];

const list = new RequestRows();

function Row({ row }: { row: Summary }) {
  const open = (event: MouseEvent) => {
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (plain && !(event.target as Element).closest('a') && !getSelection()?.toString())
      go(`/requests/${row.id}`);
  };
  return (
    <tr class="openable" onClick={open}>
      <td class="mono dim">{t.number(row.id)}</td>
      <th scope="row">
        <A href={`/requests/${row.id}`}>
          <Said text={nameOf(row)} />
        </A>
      </th>
      <td>
        <StateSign state={row.state} />
        {row.break_glass && (
          <span class="small-text row-deadline">
            <GlassSign />
          </span>
        )}
        {row.clock && (
          <span class="dim small-text row-deadline">
            <Deadline clock={row.clock} soon />
          </span>
        )}
      </td>
      <td>
        {row.author.kind === 'agent' && <Icon name="robot" size={14} />}{' '}
        <Said text={row.author.name} />
        <span class="dim"> · {t.language(row.language)}</span>
      </td>
      <td>
        <Since at={row.state_at} words={t.ago} />
      </td>
      <td class="number">{formatMoney(row.cost_nano_usd)}</td>
    </tr>
  );
}

function Table() {
  const { rows, loaded, error, next } = list.state.value;
  if (!loaded && error)
    return (
      <div class="empty">
        <p>{errorText(error)}</p>
        <Button onClick={() => void list.load()}>{t.tryAgain}</Button>
      </div>
    );
  if (!loaded) return <Loading />;
  if (rows.length === 0) return <p class="empty">{t.requests.emptyFilter}</p>;
  const { columns } = t.requests;
  return (
    <>
      <div class="card table-card">
        <table class="table stacked">
          <thead>
            <tr>
              <th scope="col">{columns.id}</th>
              <th scope="col">{columns.title}</th>
              <th scope="col">{columns.state}</th>
              <th scope="col">{columns.by}</th>
              <th scope="col">{columns.when}</th>
              <th scope="col" class="number">
                {columns.cost}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {next && (
        <p class="more">
          <Button onClick={() => list.more()}>{t.more}</Button>
        </p>
      )}
    </>
  );
}

function query(view: string, state: string, words: string): string {
  const parts = new URLSearchParams({ view });
  if (state) parts.set('state', state);
  if (words.trim()) parts.set('q', words.trim());
  return parts.toString();
}

function StateChoice({ state, choose }: { state: string; choose: (state: string) => void }) {
  return (
    <select
      class="field"
      aria-label={t.requests.stateLabel}
      value={state}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      <option value="">{t.requests.anyState}</option>
      {states.map((name) => (
        <option key={name} value={name}>
          {t.state[name]}
        </option>
      ))}
    </select>
  );
}

export function Requests() {
  const [view, look] = useState(mayAsk.value ? 'mine' : 'all');
  const [state, choose] = useState('');
  const [words, write] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => list.open(query(view, state, words)), words ? 200 : 0);
    return () => clearTimeout(timer);
  }, [view, state, words]);
  useEffect(() => () => list.close(), []);
  const broken = list.state.value.counts.break_glass ?? 0;
  const views = {
    mine: t.requests.mine,
    all: t.requests.all,
    overdue: t.requests.overdue,
    ...((broken > 0 || view === 'break_glass') && {
      break_glass: `${t.glass.list} ${formatNumber(broken)}`,
    }),
  };
  return (
    <div class="wide">
      <h1>{t.requests.title}</h1>
      <div class="filters">
        <div class="chips" role="group" aria-label={t.requests.which}>
          {Object.entries(views).map(([name, text]) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={view === name}
              onClick={() => look(name)}
            >
              {text}
            </button>
          ))}
        </div>
        <span class="grow" />
        <input
          class="field search-field"
          type="search"
          aria-label={t.requests.search}
          placeholder={t.requests.search}
          value={words}
          onInput={(event) => write(event.currentTarget.value)}
        />
        <StateChoice state={state} choose={choose} />
      </div>
      <Table />
    </div>
  );
}
