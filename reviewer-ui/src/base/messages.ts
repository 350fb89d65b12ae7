// Toasts, spoken announcements, and errors in words.
import { signal } from '@preact/signals';
import { ApiError } from './api';
import { formatSpan } from './format';
import { t } from '../texts';

export interface Toast {
  key: number;
  text: string;
  // grave: it was done, and others should know.
  tone: 'good' | 'bad' | 'plain' | 'grave';
  // With an end, the toast counts down to it and offers to undo.
  until?: number;
  span?: number;
  undo?: () => void;
}

export const toast = signal<Toast | null>(null);
export const spoken = signal('');

let count = 0;
let lastSpoken = 0;
let waiting: ReturnType<typeof setTimeout> | undefined;

export function showToast(next: Omit<Toast, 'key'>): void {
  toast.value = { ...next, key: ++count };
  speak(next.text);
}

export function closeToast(key?: number): void {
  if (key === undefined || toast.value?.key === key) toast.value = null;
}

// At most one message in five seconds; the newest one wins.
export function speak(text: string): void {
  clearTimeout(waiting);
  const wait = Math.max(0, lastSpoken + 5000 - Date.now());
  waiting = setTimeout(() => {
    lastSpoken = Date.now();
    spoken.value = spoken.value === text ? `${text}\u00a0` : text;
  }, wait);
}

// The api's own sentence where it names a field; ours for the common cases.
export function errorText(reason: unknown): string {
  if (!(reason instanceof ApiError)) return t.errors.other;
  if (reason.status === 0) return t.errors.unreachable;
  if (reason.status === 429 && reason.code !== 'budget_exceeded' && reason.retryAfter > 0)
    return t.errors.throttled(formatSpan(reason.retryAfter * 1000));
  if (reason.code === 'csrf') return t.errors.csrf;
  if (reason.code === 'not_found') return t.errors.not_found;
  if (reason.message) return sentence(reason.message);
  if (reason.code === 'wrong_state') return t.errors.wrong_state;
  if (reason.status === 403) return t.errors.forbidden;
  return reason.status >= 500 ? t.errors.unavailable : t.errors.other;
}

function sentence(text: string): string {
  const first = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
