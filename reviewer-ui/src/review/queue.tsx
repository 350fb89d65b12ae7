// The queue: what waits, the riskiest first, then the oldest.
import { formatSpan } from '../base/format';
import { moment } from '../base/clock';
import { nameOf } from '../base/title';
import type { Summary } from '../base/types';
import { Icon } from '../parts/icons';
import { Deadline } from '../parts/deadline';
import { A, agoText, Button, Loading, RiskSign, Said, Since } from '../parts/small';
import {
  countOf,
  filter,
  fresh,
  gone,
  isUnread,
  queue,
  showAll,
  visibleRows,
  type Filter,
} from './queue-rows';
import { t } from '../texts';

const filters: [Filter, string][] = [
  ['mine', t.review.mine],
  ['risky', t.review.risky],
  ['agents', t.review.agents],
  ['all', t.review.all],
];

function Filters() {
  return (
    <div class="chips" role="group" aria-label={t.review.filters}>
      {filters.map(([name, text]) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={filter.value === name}
          onClick={() => (filter.value = name)}
        >
          {text} <span class="chip-n">{countOf(name)}</span>
        </button>
      ))}
    </div>
  );
}

export function Who({ row }: { row: Summary }) {
  return (
    <span class="row-who">
      {row.author.kind === 'agent' && <Icon name="robot" size={14} />}
      {row.author.kind === 'agent' && <span class="unseen">{t.agent}: </span>}
      <Said text={row.author.name} /> · <Said text={row.team.name} /> · {t.language(row.language)}
    </span>
  );
}

function reason(row: Summary): string {
  const size = t.lines(row.code_lines);
  if (!row.can_decide) return `${t.review.own} · ${size}`;
  if (row.reason) return row.reason;
  const files = row.files ? t.review.someRead(row.files) : t.review.noFiles;
  const version = row.revision > 1 ? ` · ${t.version(row.revision)}` : '';
  return `${size} · ${files}${version}`;
}

function goneText(row: Summary): string {
  const verb = t.review.verbs[row.state] ?? t.state['approved'] ?? '';
  if (!row.decided_by) return t.state[row.state] ?? row.state;
  return t.review.decidedBy(verb, row.decided_by.name, agoText(row.state_at));
}

function Row({ row, selected }: { row: Summary; selected: boolean }) {
  const left = gone.value.get(row.id);
  const unread = !left && isUnread(row);
  return (
    <li>
      <A
        class={left ? 'row gone' : 'row'}
        href={`/review/${row.id}`}
        aria-current={selected ? 'true' : undefined}
      >
        <span class="row-sign">
          {left ? <Icon name="check" /> : <RiskSign risk={row.risk} />}
        </span>
        <span class="row-main">
          <span class="row-title">
            {unread && (
              <span class="dot">
                <span class="unseen">{t.review.unread}: </span>
              </span>
            )}
            <Said text={nameOf(row)} />
          </span>
          <Who row={row} />
          <span class="row-reason">{left ? goneText(left) : reason(row)}</span>
          {!left && row.same_as && (
            <span class="row-reason">{t.review.sameAs(t.number(row.same_as))}</span>
          )}
          {!left && row.clock && (
            <span class="row-reason">
              <Deadline clock={row.clock} soon />
            </span>
          )}
        </span>
        <span class="row-time">
          <Since at={row.created_at} />
          <span class="row-number">{t.number(row.id)}</span>
        </span>
      </A>
    </li>
  );
}

function Oldest() {
  const waiting = visibleRows.value.filter((row) => !gone.value.has(row.id));
  const ms = Math.max(0, ...waiting.map((row) => moment.value - Date.parse(row.created_at)));
  if (ms < 60_000) return null;
  const span = formatSpan(ms);
  return <p class="queue-foot dim">{t.review.oldest(span)}</p>;
}

function Rows({ selected }: { selected: number | null }) {
  const { loaded, error, rows, next } = queue.state.value;
  if (!loaded && error)
    return (
      <div class="empty">
        <p>{t.review.listFailed}</p>
        <Button onClick={() => void queue.load()}>{t.tryAgain}</Button>
      </div>
    );
  if (!loaded) return <Loading />;
  if (visibleRows.value.length === 0) {
    if (rows.length === 0 || filter.value === 'all')
      return <p class="empty only-list">{t.review.empty}</p>;
    return (
      <p class="empty">
        <button type="button" class="as-link" onClick={() => (filter.value = 'all')}>
          {t.review.emptyFilter(rows.length)}
        </button>
      </p>
    );
  }
  return (
    <>
      <ul class="rows">
        {visibleRows.value.map((row) => (
          <Row key={row.id} row={row} selected={row.id === selected} />
        ))}
      </ul>
      {next && (
        <div class="queue-more">
          <Button small onClick={() => queue.more()}>
            {t.more}
          </Button>
        </div>
      )}
      <Oldest />
    </>
  );
}

export function Queue({ selected }: { selected: number | null }) {
  return (
    <section class="queue" aria-label={t.review.waiting}>
      <header class="queue-head">
        <div class="queue-title">
          <h2>{t.review.waiting}</h2>
          <span class="dim">{t.review.order}</span>
        </div>
        <Filters />
        {fresh.value.size > 0 && (
          <button type="button" class="fresh-button" onClick={showAll}>
            <Icon name="up" size={14} /> {t.review.fresh(fresh.value.size)}
          </button>
        )}
      </header>
      <Rows selected={selected} />
    </section>
  );
}
