// Who is signed in, until when, and how to leave.
import { computed, effect, signal } from '@preact/signals';
import { call, csrfToken, factorWanted, signedOut, tokenOf } from './api';
import { keep, readKept } from './kept';
import { readTheme, keepTheme, applyTheme, watchSystemTheme, type Theme } from './theme';
import type { Me } from './types';
import { go, route } from './route';

// undefined: not asked yet; null: nobody.
export const me = signal<Me | null | undefined>(undefined);
export const sessionEnded = signal(false);
// Somebody comes back from a provider, or with a link though signed in: what they bring is looked
// at before they go on.
export const arriving = signal(false);
export const theme = signal<Theme>(readTheme());

// Somebody is signed in, but must set up a second factor before anything else opens.
export const isGated = computed(() => me.value?.second_factor?.missing ?? false);
export const isInside = computed(() => !!me.value && !isGated.value);

const has = (role: string) => me.value?.person.roles.includes(role) ?? false;
export const isReviewer = computed(() => isInside.value && has('reviewer'));
export const isAdmin = computed(() => isInside.value && has('admin'));
export const mayAsk = computed(() => isInside.value && has('analyst'));

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
  tokenOf.value = found.person.id;
  me.value = found;
  sessionEnded.value = false;
}

export type SignInBody =
  | { login: string; password: string; code?: string }
  | { link_token: string; code?: string }
  | { proxy: true };

export async function signIn(body: SignInBody): Promise<void> {
  const found = await call<{ csrf_token: string }>('/api/login', { body, quiet: true });
  csrfToken.value = found.csrf_token;
  await loadMe();
}

// Also what confirms a session that there is, and says so; either way /api/me says what is so then.
export async function signInByProvider(back: object): Promise<boolean> {
  const found = await call<{ authenticated_at?: string }>('/api/oidc/finish', {
    body: back,
    quiet: true,
  });
  await loadMe();
  return found.authenticated_at !== undefined;
}

// Shows the password once more, for what wants a recent proof. The session gets another token.
export async function prove(body: { password: string; code?: string }): Promise<void> {
  const found = await call<{ csrf_token: string }>('/api/reauthenticate', { body });
  csrfToken.value = found.csrf_token;
  await loadMe().catch(() => undefined);
}

// Leaves for the provider; the page comes back to where it was.
export async function leaveForProvider(reauthenticate: boolean): Promise<void> {
  const body = reauthenticate ? { reauthenticate } : {};
  const { url } = await call<{ url: string }>('/api/oidc/start', { body, quiet: !reauthenticate });
  keep('place', reauthenticate ? location.pathname + location.search : wanted);
  location.assign(url);
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
  if (has('reviewer')) return '/review';
  return has('analyst') ? '/ask' : '/requests';
}

export function pathAfterSignIn(): string {
  const path = wanted || readKept('place', '') || homePath();
  wanted = '';
  keep('place', null);
  return path;
}

// A call that was on its way while the session got another token is no sign of its end.
// Nor does the page go on as somebody else who signed in meanwhile: it begins anew.
async function endIfOver(): Promise<void> {
  const before = me.peek()?.person.id;
  try {
    const found = await call<Me>('/api/me', { quiet: true });
    if (found.person.id === before) take(found);
    else location.reload();
  } catch (reason) {
    if ((reason as { status?: number }).status !== 401) return;
    me.value = null;
    sessionEnded.value = true;
  }
}

effect(() => {
  if (signedOut.value > 0 && me.peek() !== null) void endIfOver();
});

effect(() => {
  if (factorWanted.value > 0) void loadMe().catch(() => undefined);
});

effect(() => {
  if (me.value !== null || route.value.view === 'sign-in') return;
  wanted = location.pathname === '/' ? '' : location.pathname + location.search;
  go('/sign-in', 'replace');
});
