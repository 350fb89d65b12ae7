// The ask view: the form on the left, the request or the list of mine on the right.
import { useEffect, useState } from 'preact/hooks';
import { route } from '../base/route';
import { loadDetail, detailOf } from '../base/details';
import { A } from '../parts/small';
import { Icon } from '../parts/icons';
import { RequestById } from '../requests/page';
import { AskForm } from './form';
import { MyRequests } from './mine';
import { draft, openDraft, write } from './draft';
import { addFiles, dropping } from './files';
import { t } from '../texts';

function numberIn(query: URLSearchParams, name: string): number | null {
  const text = query.get(name) ?? '';
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null;
}

// Fills the form with the newest version of a request, unless it is there already.
async function startRevision(id: number): Promise<void> {
  if (draft.value.revises?.id === id) return;
  await loadDetail(id);
  const detail = detailOf(id).value.detail;
  if (!detail?.can.revise) return;
  const { limits } = detail.bundle;
  write({
    question: detail.question ?? detail.title,
    language: detail.language === 'sql' ? 'sql' : 'python',
    code: detail.code,
    files: detail.files,
    wallSeconds: String(Math.round(limits.wall_ms / 1000)),
    memoryMb: String(Math.round(limits.memory_bytes / 1048576)),
    retrySafe: detail.retry_safe,
    revises: { id, revision: detail.revision },
  });
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

export function Ask() {
  const id = numberIn(route.value.query, 'request');
  const revise = numberIn(route.value.query, 'revise');
  // Before the first paint, so that nobody types into a field that is about to be filled.
  useState(openDraft);
  useEffect(() => {
    if (revise !== null) void startRevision(revise);
  }, [revise]);
  const over = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    dropping.value = true;
  };
  const leave = (event: DragEvent) => {
    const to = event.relatedTarget as Node | null;
    if (!to || !(event.currentTarget as Node).contains(to)) dropping.value = false;
  };
  const drop = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    dropping.value = false;
    addFiles(Array.from(event.dataTransfer?.files ?? []));
  };
  return (
    <div
      class={id === null ? 'ask' : 'ask answered'}
      onDragOver={over}
      onDragLeave={leave}
      onDrop={drop}
    >
      <AskForm />
      <div class="ask-answer">
        {id === null ? (
          <MyRequests />
        ) : (
          <>
            <A class="back-link" href="/ask">
              <Icon name="left" size={14} /> {t.ask.mineAll}
            </A>
            <RequestById key={id} id={id} />
          </>
        )}
      </div>
    </div>
  );
}
