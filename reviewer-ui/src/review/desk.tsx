// The review desk: queue, request, facts. One pane at a time on a phone.
import { useEffect } from 'preact/hooks';
import { go, route } from '../base/route';
import { addKeys, helpOpen } from '../base/keys';
import { detailOf, prefetchDetail, watchDetail } from '../base/details';
import { me } from '../base/session';
import type { Detail } from '../base/types';
import { Icon } from '../parts/icons';
import { nextTheme } from '../parts/account';
import { Loading } from '../parts/small';
import { Queue } from './queue';
import { Facts } from './facts';
import { useReadVersion } from './read-version';
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

// The middle and the facts show the same version.
function Opened({ latest }: { latest: Detail }) {
  const read = useReadVersion(latest);
  return (
    <>
      <div class="middle">
        <RequestPane {...read} />
      </div>
      <aside class="facts-column" tabIndex={0} aria-label={t.facts.title}>
        <Facts detail={read.detail} />
      </aside>
    </>
  );
}

function Request({ id }: { id: number }) {
  const { detail, error } = detailOf(id).value;
  useEffect(() => watchDetail(id), [id]);
  useEffect(() => {
    markSeen(id);
    const next = neighbour(id, 1);
    // What must be read for so long is not sent before it is opened.
    if (next !== null && detail && !me.value?.settings.review_min_seconds) prefetchDetail(next);
  }, [id, detail !== null]);
  if (detail) return <Opened key={id} latest={detail} />;
  const text = error?.status === 404 ? t.review.gone : t.review.loadFailed;
  return <div class="middle">{error ? <p class="empty">{text}</p> : <Loading />}</div>;
}

function NoRequest() {
  const { loaded, rows } = queue.state.value;
  if (!loaded) return <Loading />;
  return (
    <div class="empty-desk">
      <Icon name="shield" size={36} />
      <p class="empty">{rows.length ? t.review.pick : t.review.empty}</p>
    </div>
  );
}

export function Desk() {
  const id = route.value.id;
  useDeskKeys();
  useFirstOpen(id);
  return (
    <div class={id === null ? 'desk on-list' : 'desk on-request'}>
      <h1 class="unseen">{t.review.title}</h1>
      <Queue selected={id} />
      {id === null ? (
        <div class="middle">
          <NoRequest />
        </div>
      ) : (
        <Request id={id} />
      )}
    </div>
  );
}
