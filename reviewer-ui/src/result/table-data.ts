// Sorting and showing the values of a result table.
import { collator, numberFormat } from '../base/format';
import type { TableData } from '../base/types';

export interface Sort {
  column: number;
  down: boolean;
}

const mostDigits = 4;
// Numbers that name something are shown as they are: no separators in a year or an id.
const names = /(^|[^a-z])(id|nr|no|number|year|zip|code|order|key)s?$/i;

// Numbers that a double can not hold come as texts.
function compareValues(order: Intl.Collator, numbers: boolean) {
  return (a: unknown, b: unknown): number => {
    if (numbers) return Number(a) - Number(b);
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
    return order.compare(String(a), String(b));
  };
}

// All rows, not only those shown; empty cells come last both ways; equal rows keep their order.
export function sortRows({ rows, columns }: TableData, sort: Sort | null): unknown[][] {
  if (!sort) return rows;
  const { column, down } = sort;
  const compare = compareValues(collator(), columns[column]?.type === 'number');
  return [...rows].sort((left, right) => {
    const a = left[column] ?? null;
    const b = right[column] ?? null;
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return down ? compare(b, a) : compare(a, b);
  });
}

function decimals(value: unknown): number {
  if (typeof value !== 'number' || Number.isInteger(value)) return 0;
  return String(value).split('.')[1]?.length ?? 0;
}

function numberColumn(data: TableData, index: number): (value: unknown) => string {
  const values = data.rows.slice(0, 5000).map((row) => row[index]);
  const digits = Math.min(mostDigits, Math.max(0, ...values.map(decimals)));
  const plain = digits === 0 && names.test(data.columns[index]?.name ?? '');
  const format = numberFormat({
    minimumFractionDigits: digits === 1 || digits === 2 ? digits : 0,
    maximumFractionDigits: digits,
    useGrouping: !plain,
  });
  return (value) => (typeof value === 'number' ? format.format(value) : String(value));
}

function showText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function columnFormats(data: TableData): ((value: unknown) => string)[] {
  return data.columns.map(({ type }, index) =>
    type === 'number' ? numberColumn(data, index) : showText,
  );
}
