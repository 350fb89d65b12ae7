// One table of the result: sort over all rows, 200 at a time, CSV.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { call } from '../base/api';
import type { TableData } from '../base/types';
import { Icon } from '../parts/icons';
import { Button, Loading, Said } from '../parts/small';
import { BarChart, barsOf } from './bars';
import { columnFormats, sortRows, type Sort } from './table-data';
import { t } from '../texts';

const pageRows = 200;

interface HeadProps {
  data: TableData;
  sort: Sort | null;
  choose: (column: number) => void;
}

function Head({ data, sort, choose }: HeadProps) {
  return (
    <thead>
      <tr>
        {data.columns.map((column, index) => {
          const mine = sort?.column === index;
          const way = mine ? (sort.down ? 'descending' : 'ascending') : 'none';
          return (
            <th
              key={index}
              scope="col"
              aria-sort={way}
              class={column.type === 'number' ? 'number' : ''}
            >
              <button
                type="button"
                onClick={() => choose(index)}
                title={t.result.sortBy(column.name)}
              >
                <Said text={column.name} />
                {mine && <Icon name={sort.down ? 'down' : 'up'} size={12} />}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Cell({
  value,
  show,
  number,
}: {
  value: unknown;
  show: (value: unknown) => string;
  number: boolean;
}) {
  if (value === null || value === undefined)
    return (
      <td class={number ? 'number none' : 'none'}>
        <span aria-hidden="true">–</span>
        <span class="unseen">{t.result.emptyCell}</span>
      </td>
    );
  const text = show(value);
  const exact = String(value);
  return (
    <td class={number ? 'number' : ''} title={number && exact !== text ? exact : undefined}>
      <Said text={text} />
    </td>
  );
}

function Body({ data, rows }: { data: TableData; rows: unknown[][] }) {
  const formats = useMemo(() => columnFormats(data), [data]);
  return (
    <tbody>
      {rows.map((row, index) => (
        <tr key={index}>
          {data.columns.map((column, at) => (
            <Cell
              key={at}
              value={row[at]}
              show={formats[at] ?? String}
              number={column.type === 'number'}
            />
          ))}
        </tr>
      ))}
    </tbody>
  );
}

interface PagesProps {
  page: number;
  all: number;
  turn: (page: number) => void;
}

function Pages({ page, all, turn }: PagesProps) {
  const from = all === 0 ? 0 : page * pageRows + 1;
  const to = Math.min(all, (page + 1) * pageRows);
  return (
    <p class="table-foot dim">
      <span>{all === 0 ? t.result.noRows : t.result.rowsShown(from, to, all)}</span>
      {all > pageRows && (
        <span class="actions">
          <Button small icon="left" off={page === 0} onClick={() => turn(page - 1)}>
            {t.result.prev}
          </Button>
          <Button small icon="right" off={to >= all} onClick={() => turn(page + 1)}>
            {t.result.nextRows}
          </Button>
        </span>
      )}
    </p>
  );
}

export function TableView({ data, title }: { data: TableData; title: string }) {
  const [sort, setSort] = useState<Sort | null>(null);
  const [page, turn] = useState(0);
  const place = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => sortRows(data, sort), [data, sort]);
  const choose = (column: number) => {
    // Numbers start with the largest; a third click goes back to the order of the result.
    const first = data.columns[column]?.type === 'number';
    const mine = sort?.column === column ? sort : null;
    setSort(
      !mine ? { column, down: first } : mine.down === first ? { column, down: !first } : null,
    );
    turn(0);
  };
  const turnTo = (next: number) => {
    turn(next);
    place.current?.scrollTo({ top: 0 });
  };
  const all = data.total_rows ?? rows.length;
  return (
    <>
      <div class="table-place" ref={place} role="region" tabIndex={0} aria-label={title}>
        <table class="table">
          <caption class="unseen">{title}</caption>
          <Head data={data} sort={sort} choose={choose} />
          <Body data={data} rows={rows.slice(page * pageRows, (page + 1) * pageRows)} />
        </table>
      </div>
      <Pages page={page} all={rows.length} turn={turnTo} />
      {all > rows.length && <p class="dim">{t.result.cutRows(rows.length, all)}</p>}
    </>
  );
}

interface TableItemProps {
  address: string;
  title: string;
  // A chart came with the result, so none is drawn from the table.
  noChart: boolean;
}

export function TableItem({ address, title, noChart }: TableItemProps) {
  const [data, set] = useState<TableData | null>(null);
  const [failed, fail] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    call<TableData>(address, { signal: stop.signal })
      .then(set)
      .catch(() => {
        if (!stop.signal.aborted) fail(true);
      });
    return () => stop.abort();
  }, [address]);
  if (failed) return <p class="dim">{t.result.loadFailed}</p>;
  if (!data) return <Loading />;
  const bars = noChart ? null : barsOf(data);
  return (
    <section class="table-item">
      {bars && <BarChart {...bars} />}
      <header class="table-title">
        <h3>
          <Said text={title} />
        </h3>
        <a
          class="button small"
          href={`${address}&format=csv`}
          download
          aria-label={t.result.csvAll(title)}
        >
          <Icon name="download" /> <span class="label">{t.result.csv}</span>
        </a>
      </header>
      <TableView data={data} title={title} />
    </section>
  );
}
