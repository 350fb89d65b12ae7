// Numbers, sizes, times and money in the person's own way of writing them.
const locales = navigator.languages as string[];
const number = new Intl.NumberFormat(locales);
const clock = new Intl.DateTimeFormat(locales, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(locales, { day: 'numeric', month: 'short' });
const date = new Intl.DateTimeFormat(locales, { dateStyle: 'medium' });
const full = new Intl.DateTimeFormat(locales, { dateStyle: 'medium', timeStyle: 'medium' });

export function formatNumber(value: number): string {
  return number.format(value);
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  const text = new Intl.NumberFormat(locales, { maximumFractionDigits: digits }).format(value);
  return `${text} ${units[unit]}`;
}

// How long something took or has been waiting, short: "45 s", "4 min", "3 h", "2 d".
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${number.format(Math.round(ms / 100) / 10)} s`;
  return formatSpan(ms);
}

export function formatClock(iso: string | number): string {
  return clock.format(new Date(iso));
}

// The clock for today, the day for anything older.
export function formatWhen(iso: string): string {
  const then = new Date(iso);
  const today = new Date().toDateString() === then.toDateString();
  return today ? clock.format(then) : `${day.format(then)}, ${clock.format(then)}`;
}

export function formatDate(iso: string): string {
  return date.format(new Date(iso));
}

export function formatFull(iso: string): string {
  return full.format(new Date(iso));
}

// Amounts below a cent keep the digits that matter.
export function formatMoney(nanoUsd: number): string {
  const usd = nanoUsd / 1e9;
  const digits = usd !== 0 && Math.abs(usd) < 0.01 ? 6 : 2;
  return new Intl.NumberFormat(locales, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(usd);
}

export function formatDigest(hex: string): string {
  return (hex.slice(0, 12).match(/.{4}/g) ?? []).join(' ');
}

export function firstName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0] ?? '', words.length > 1 ? (words.at(-1) ?? '') : ''];
  return letters
    .map((word) => Array.from(word)[0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

export function collator(): Intl.Collator {
  return new Intl.Collator(locales, { numeric: true });
}

export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat(locales, options);
}
