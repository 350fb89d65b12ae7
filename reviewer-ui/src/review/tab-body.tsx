// The tabs about one request: code, changes, question, activity, facts.
import { useEffect, useState } from 'preact/hooks';
import { call } from '../base/api';
import type { Detail } from '../base/types';
import { CodePanel } from '../code/panel';
import { Changes, Counts } from '../code/changes';
import { diffLines } from '../code/diff';
import { Loading, Said } from '../parts/small';
import type { Tab } from '../parts/tabs';
import { ActivityList } from './activity';
import { Facts } from './facts';
import { ticksOf } from './findings-read';
import { t } from '../texts';

// The code of the version before, for the changes and the marks in the gutter.
export function useVersionBefore(detail: Detail): string | null {
  const [code, set] = useState<string | null>(null);
  const { id, revision } = detail;
  useEffect(() => {
    set(null);
    if (revision < 2) return;
    const stop = new AbortController();
    call<{ code: string }>(`/api/requests/${id}/revisions/${revision - 1}`, { signal: stop.signal })
      .then((found) => set(found.code))
      .catch(() => undefined);
    return () => stop.abort();
  }, [id, revision]);
  return code;
}

function ChangesTab({ detail, before }: { detail: Detail; before: string | null }) {
  if (detail.revision < 2) return <p class="empty">{t.changes.first}</p>;
  if (before === null) return <Loading />;
  const { code, language, revision } = detail;
  return <Changes before={before} after={code} language={language} revision={revision} />;
}

function QuestionTab({ detail }: { detail: Detail }) {
  const question = detail.question?.trim();
  if (!question) return <p class="empty">{t.run.noQuestion}</p>;
  return (
    <section class="card said">
      <Said text={question} />
    </section>
  );
}

export function tabsOf(detail: Detail, before: string | null): Tab[] {
  const { added, removed } =
    before === null ? { added: 0, removed: 0 } : diffLines(before, detail.code);
  return [
    { id: 'code', text: t.review.tabs.code },
    {
      id: 'changes',
      text: t.review.tabs.changes,
      ...(before !== null && { extra: <Counts added={added} removed={removed} /> }),
    },
    { id: 'question', text: t.review.tabs.question },
    { id: 'activity', text: t.review.tabs.activity, extra: <>{detail.activity.length}</> },
    { id: 'facts', text: t.review.tabs.facts, folded: true },
  ];
}

export function TabBody({
  tab,
  detail,
  before,
}: {
  tab: string;
  detail: Detail;
  before: string | null;
}) {
  if (tab === 'changes') return <ChangesTab detail={detail} before={before} />;
  if (tab === 'question') return <QuestionTab detail={detail} />;
  if (tab === 'activity') return <ActivityList activity={detail.activity} />;
  if (tab === 'facts')
    return (
      <div class="facts-inside">
        <Facts detail={detail} />
      </div>
    );
  return (
    <CodePanel
      code={detail.code}
      language={detail.language}
      revision={detail.revision}
      bytes={detail.code_bytes}
      before={before}
      findings={detail.findings}
      ticks={detail.can.decide ? ticksOf(detail) : null}
    />
  );
}
