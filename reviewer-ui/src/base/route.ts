// The address bar as a signal, and links that do not reload the page.
import { signal } from '@preact/signals';

const views = ['ask', 'review', 'requests', 'workers', 'audit', 'sign-in', 'account'] as const;

export interface Route {
  view: 'home' | (typeof views)[number] | 'nowhere';
  id: number | null;
  query: URLSearchParams;
}

function readRoute(): Route {
  const [first = '', second = '', ...rest] = location.pathname.split('/').slice(1);
  const query = new URLSearchParams(location.search);
  const id = /^[1-9]\d{0,15}$/.test(second) ? Number(second) : null;
  const lost = rest.length > 0 || (second !== '' && id === null);
  if (first === '') return { view: 'home', id: null, query };
  const view = lost ? undefined : views.find((name) => name === first);
  return { view: view ?? 'nowhere', id, query };
}

export const route = signal<Route>(readRoute());

addEventListener('popstate', () => {
  route.value = readRoute();
});

export function go(path: string, how: 'push' | 'replace' = 'push'): void {
  if (path === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', path);
  else history.replaceState(null, '', path);
  route.value = readRoute();
}

// Lets the browser handle clicks that ask for a new tab or window.
export function followLink(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (!plain || event.altKey || event.defaultPrevented) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
