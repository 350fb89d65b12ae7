// The review desk: queue, request, facts. One pane at a time on a phone.
import { useEffect } from 'preact/hooks';
import { go, route } from '../base/route';
import { addKeys, helpOpen } from '../base/keys';
import { detailOf, prefetchDetail, watchDetail } from '../base/details';
import { nextTheme } from '../parts/account';
import { Loading } from '../parts/small';
import { Queue } from './queue';
import { Facts } from './facts';
import { RequestPane } from './request';
import { gone, markSeen, neighbour, queue, visibleRows } from './queue-rows';
import { t } from '../texts';

const wide = matchMedia('(min-width: 761px)');

export function openRequest(id: number, how: 'push' | 'replace' = 'push'): void {
  go(`/review/${id}`, how);
}

function step(by: 1 | -1): void {
  const next = neighbour(route.value.id, by);
  if (next !== null) openRequest(next, 'replace');
}

function useDeskKeys(): void {
  useEffect(
    () =>
      addKeys({
        j: () => step(1),
        k: () => step(-1),
        t: nextTheme,
        '?': () => (helpOpen.value = true),
        '/': () => document.querySelector<HTMLButtonElement>('.search-button')?.click(),
        Escape: () => {
          if (!wide.matches && route.value.id !== null) go('/review');
          else document.querySelector<HTMLElement>('.queue [aria-current]')?.focus();
        },
      }),
    [],
  );
}

// With room for both, the first request is open at once.
function useFirstOpen(id: number | null): void {
  const first = visibleRows.value.find((row) => !gone.value.has(row.id))?.id;
  useEffect(() => {
    if (id === null && first !== undefined && wide.matches) openRequest(first, 'replace');
  }, [id, first]);
}

function Middle({ id }: { id: number }) {
  const loaded = detailOf(id).value;
  useEffect(() => watchDetail(id), [id]);
  useEffect(() => {
    markSeen(id);
    const next = neighbour(id, 1);
    if (next !== null && loaded.detail) prefetchDetail(next);
  }, [id, loaded.detail !== null]);
  const { detail, error } = loaded;
  if (!detail && error)
    return <p class="empty">{error.status === 404 ? t.review.gone : t.review.loadFailed}</p>;
  if (!detail) return <Loading />;
  return <RequestPane key={id} latest={detail} />;
}

function NoRequest() {
  const { loaded, rows } = queue.state.value;
  if (!loaded) return <Loading />;
  return (
    <div class="empty-desk">
      <p class="empty">{rows.length ? t.review.pick : t.review.empty}</p>
    </div>
  );
}

export function Desk() {
  const id = route.value.id;
  useDeskKeys();
  useFirstOpen(id);
  const detail = id === null ? null : detailOf(id).value.detail;
  return (
    <div class={id === null ? 'desk on-list' : 'desk on-request'}>
      <h1 class="unseen">{t.review.title}</h1>
      <Queue selected={id} />
      <div class="middle">{id === null ? <NoRequest /> : <Middle id={id} />}</div>
      <aside class="facts-column" aria-label={t.facts.title}>
        {detail && <Facts detail={detail} />}
      </aside>
    </div>
  );
}
