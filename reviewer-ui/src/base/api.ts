// Calls of our own api. Every failure becomes an ApiError with the api's stable code.
import { signal } from '@preact/signals';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field = '',
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

export const csrfToken = signal('');
// Whose token that is.
export const tokenOf = signal(0);
// Counts how often the api said that nobody is signed in.
export const signedOut = signal(0);
// Counts how often it said that a second factor must be set up first.
export const factorWanted = signal(0);

export interface CallOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  key?: string;
  // The sign-in calls answer 401 for a wrong password: no session has ended.
  quiet?: boolean;
  signal?: AbortSignal;
}

export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const person = tokenOf.value;
  let response = await send(path, options);
  if (response.status === 403 && (await isRenewed(response, person)))
    response = await send(path, options);
  if (!response.ok) throw await errorOf(response, options.quiet ?? false);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

// A body that is not JSON, such as a file to keep.
export async function callBlob(path: string, options: CallOptions): Promise<Blob> {
  const response = await send(path, options);
  if (!response.ok) throw await errorOf(response, false);
  return response.blob();
}

async function send(path: string, options: CallOptions): Promise<Response> {
  const method = options.method ?? (options.body === undefined ? 'GET' : 'POST');
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken.value;
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.key) headers['Idempotency-Key'] = options.key;
  try {
    return await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: options.signal ?? null,
    });
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === 'AbortError') throw reason;
    throw new ApiError(0, 'unreachable', '');
  }
}

// Another tab may have shown again who this is, which gives the session another token: then the
// call is made again with it, unless somebody else signed in there.
async function isRenewed(response: Response, person: number): Promise<boolean> {
  try {
    const { error } = (await response.clone().json()) as { error: { code: string } };
    if (error.code !== 'csrf' || person === 0) return false;
    const answer = await send('/api/me', {});
    const found = (await answer.json()) as { csrf_token: string; person: { id: number } };
    if (!answer.ok || found.person.id !== person) return false;
    csrfToken.value = found.csrf_token;
    return true;
  } catch {
    return false;
  }
}

async function errorOf(response: Response, quiet: boolean): Promise<ApiError> {
  let found: { code?: string; message?: string; field?: string } = {};
  try {
    found = ((await response.json()) as { error?: typeof found }).error ?? {};
  } catch {
    // Something between us and the api answered; the status says enough.
  }
  if (response.status === 401 && !quiet) signedOut.value += 1;
  if (found.code === 'second_factor_missing') factorWanted.value += 1;
  const seconds = Number(response.headers.get('Retry-After') ?? 0);
  return new ApiError(
    response.status,
    found.code ?? 'unknown',
    found.message ?? '',
    found.field ?? '',
    Number.isFinite(seconds) ? seconds : 0,
  );
}

// Random, for Idempotency-Key; works without a secure context too.
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
