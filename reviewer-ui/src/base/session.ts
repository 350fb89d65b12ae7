// Who is signed in, until when, and how to leave.
import { computed, effect, signal } from '@preact/signals';
import { call, csrfToken, signedOut } from './api';
import { readTheme, keepTheme, applyTheme, watchSystemTheme, type Theme } from './theme';
import type { Me } from './types';
import { go, route } from './route';

// undefined: not asked yet; null: nobody.
export const me = signal<Me | null | undefined>(undefined);
export const sessionEnded = signal(false);
export const theme = signal<Theme>(readTheme());

export const isReviewer = computed(() => me.value?.person.roles.includes('reviewer') ?? false);
export const isAdmin = computed(() => me.value?.person.roles.includes('admin') ?? false);
export const mayAsk = computed(() => me.value?.person.roles.includes('analyst') ?? false);

watchSystemTheme(() => theme.value);

export function chooseTheme(next: Theme): void {
  theme.value = next;
  keepTheme(next);
  applyTheme(next);
}

export async function loadMe(): Promise<void> {
  try {
    take(await call<Me>('/api/me', { quiet: true }));
  } catch (reason) {
    if ((reason as { status?: number }).status !== 401) throw reason;
    me.value = null;
  }
}

function take(found: Me): void {
  csrfToken.value = found.csrf_token;
  me.value = found;
  sessionEnded.value = false;
}

export type SignInBody =
  | { login: string; password: string }
  | { link_token: string }
  | { proxy: true };

export async function signIn(body: SignInBody): Promise<void> {
  const found = await call<{ csrf_token: string }>('/api/login', { body, quiet: true });
  csrfToken.value = found.csrf_token;
  await loadMe();
}

// Also what confirms a session that there is: either way /api/me says what is so then.
export async function signInByProvider(back: object): Promise<void> {
  await call('/api/oidc/finish', { body: back, quiet: true });
  await loadMe();
}

// Where to go back to after signing in again.
let wanted = '';

export async function signOut(comeBack = false): Promise<void> {
  const path = comeBack ? location.pathname + location.search : '';
  await call('/api/logout', { body: {}, quiet: true }).catch(() => undefined);
  me.value = null;
  sessionEnded.value = false;
  wanted = path;
  go('/sign-in');
}

export function homePath(): string {
  if (isReviewer.value) return '/review';
  return mayAsk.value ? '/ask' : '/requests';
}

export function pathAfterSignIn(): string {
  const path = wanted || homePath();
  wanted = '';
  return path;
}

effect(() => {
  if (signedOut.value === 0 || me.peek() === null) return;
  me.value = null;
  sessionEnded.value = true;
});

effect(() => {
  if (me.value !== null || route.value.view === 'sign-in') return;
  wanted = location.pathname === '/' ? '' : location.pathname + location.search;
  go('/sign-in', 'replace');
});
