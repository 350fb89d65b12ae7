// One thing or several, with the number in front.
import { formatNumber } from '../base/format';

export function many(n: number, one: string, other: string): string {
  return `${formatNumber(n)} ${n === 1 ? one : other}`;
}
