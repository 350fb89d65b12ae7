// Bars for a small table: one row of names, one of numbers. The table stays below.
import type { TableData } from '../base/types';
import { Said } from '../parts/small';
import { columnFormats } from './table-data';
import { t } from '../texts';

const mostBars = 12;

interface Bar {
  name: string;
  value: number;
  text: string;
}

interface Bars {
  title: string;
  bars: Bar[];
}

// Only where the picture can not mislead: few rows, one name each, no negative numbers.
export function barsOf(data: TableData): Bars | null {
  const { columns, rows } = data;
  const name = columns.findIndex((column) => column.type === 'text');
  const numbers = columns.flatMap((column, index) => (column.type === 'number' ? [index] : []));
  const value = numbers.at(-1);
  if (name !== 0 || value === undefined || rows.length < 2 || rows.length > mostBars) return null;
  const fits = rows.every((row) => typeof row[value] === 'number' && (row[value] as number) >= 0);
  const different = new Set(rows.map((row) => String(row[name]))).size === rows.length;
  if (!fits || !different) return null;
  const show = columnFormats(data)[value] ?? String;
  const bars = rows.map((row) => ({
    name: String(row[name] ?? ''),
    value: row[value] as number,
    text: show(row[value]),
  }));
  return { title: t.result.by2(columns[value]?.name ?? '', columns[name]?.name ?? ''), bars };
}

export function BarChart({ title, bars }: Bars) {
  const most = Math.max(...bars.map((bar) => bar.value)) || 1;
  return (
    <figure class="bars">
      <figcaption>
        <Said text={title} />
      </figcaption>
      <ul>
        {bars.map((bar, index) => (
          <li key={index}>
            <span class="bar-name">
              <Said text={bar.name} />
            </span>
            <span class="bar-space">
              <span class="bar" style={{ width: `${(bar.value / most) * 84}%` }} />
              <span class="bar-value">{bar.text}</span>
            </span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
