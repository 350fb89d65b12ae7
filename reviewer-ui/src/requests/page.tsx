// One request as its author sees it: how far it is, what came out, what can be done.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useTitleFocus } from '../base/arrival';
import { detailOf, loadDetail, watchDetail } from '../base/details';
import { errorText } from '../base/messages';
import { isReviewer } from '../base/session';
import { route } from '../base/route';
import { nameOf } from '../base/title';
import type { Detail } from '../base/types';
import { Icon } from '../parts/icons';
import { Deadline } from '../parts/deadline';
import { A, Button, CopyButton, GlassSign, Loading, Said, StateSign } from '../parts/small';
import { Tabs } from '../parts/tabs';
import { TabBody, tabsOf, useVersionBefore } from '../review/tab-body';
import { Result } from '../result/result';
import { Steps } from '../result/steps';
import { Actions } from '../result/actions';
import { t } from '../texts';

function Head({ detail }: { detail: Detail }) {
  const title = useTitleFocus();
  const path = `/requests/${detail.id}`;
  return (
    <header class="result-head">
      <div>
        <div class="request-meta">
          <span class="mono dim">{t.number(detail.id)}</span>
          <StateSign state={detail.state} />
          {detail.break_glass && <GlassSign />}
          {detail.revision > 1 && <span class="dim">{t.version(detail.revision)}</span>}
          <span class="dim">
            <Deadline clock={detail.clock} />
          </span>
        </div>
        <h2 class="result-title" tabIndex={-1} ref={title}>
          <Said text={nameOf(detail)} />
        </h2>
      </div>
      <div class="actions">
        <CopyButton text={() => location.origin + path} label={t.copyLink} icon="link" small />
      </div>
    </header>
  );
}

function useTabs(detail: Detail) {
  const [tab, choose] = useState('result');
  const before = useVersionBefore(detail);
  const tabs = useMemo(() => {
    const rest = tabsOf(detail, before).map(({ folded: _, ...one }) => one);
    const useful = rest.filter((one) => one.id !== 'changes' || detail.revision > 1);
    return [{ id: 'result', text: t.result.tab }, ...useful];
  }, [detail, before]);
  return { tab, choose, before, tabs };
}

function RequestCard({ detail }: { detail: Detail }) {
  const { tab, choose, before, tabs } = useTabs(detail);
  const waiting = detail.state === 'pending' && isReviewer.value && detail.can.decide;
  return (
    <article class="card result-card">
      <Head detail={detail} />
      <Steps detail={detail} />
      {waiting && (
        <p>
          <A href={`/review/${detail.id}`}>{t.result.forReviewer}</A>
        </p>
      )}
      <Actions detail={detail} />
      <Tabs tabs={tabs} chosen={tab} choose={choose} label={t.review.tabsLabel}>
        {tab === 'result' ? (
          <Result detail={detail} />
        ) : (
          <TabBody tab={tab} detail={detail} before={before} />
        )}
      </Tabs>
    </article>
  );
}

export function RequestById({ id }: { id: number }) {
  const { detail, error } = detailOf(id).value;
  useEffect(() => watchDetail(id), [id]);
  if (detail) return <RequestCard detail={detail} />;
  if (!error) return <Loading />;
  return (
    <div class="empty">
      <p>{error.status === 404 ? t.review.gone : errorText(error)}</p>
      {error.status !== 404 && <Button onClick={() => void loadDetail(id)}>{t.tryAgain}</Button>}
    </div>
  );
}

export function RequestPage({ id }: { id: number }) {
  return (
    <div class="middle-width">
      <h1 class="unseen">{t.requests.title}</h1>
      <A class="back-link" href="/requests">
        <Icon name="left" size={14} /> {t.requests.title}
      </A>
      <RequestById key={route.value.id ?? id} id={id} />
    </div>
  );
}
