// One admin approves alone what is of high risk, with a reason, where the operator allows it.
import { useState } from 'preact/hooks';
import { ApiError, call, randomKey } from '../base/api';
import { loadDetail } from '../base/details';
import { errorText, showToast } from '../base/messages';
import { me } from '../base/session';
import type { Decided, Detail } from '../base/types';
import { FindingList } from '../code/findings';
import { Dialog } from '../parts/dialog';
import { Button } from '../parts/small';
import { Prove } from '../people/prove';
import { readingOf } from './decide';
import { acknowledged, ticksOf, toRead, unreadCount } from './findings-read';
import { t } from '../texts';

const reasonLeast = 20;

async function send(detail: Detail, reason: string): Promise<void> {
  const { id, revision, bundle } = detail;
  const undo = me.value?.settings.undo_seconds ?? 0;
  const body = {
    revision,
    bundle_sha256: bundle.sha256,
    reason,
    acknowledged: acknowledged(detail),
    ...readingOf(detail),
    undo_seconds: undo,
  };
  await call<Decided>(`/api/requests/${id}/break-glass`, { body, key: randomKey() });
  showToast({ text: t.glass.done(id), tone: 'grave' });
  await loadDetail(id);
}

function useGlass(detail: Detail, close: () => void) {
  const [reason, write] = useState('');
  const [problem, setProblem] = useState('');
  const [proving, prove] = useState(false);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    if (reason.trim().length < reasonLeast) return setProblem(t.glass.short);
    const unread = unreadCount(detail);
    if (unread > 0) return setProblem(t.decide.readFirst(unread));
    prove(false);
    setProblem('');
    setBusy(true);
    try {
      await send(detail, reason.trim());
      close();
    } catch (error) {
      const old = error instanceof ApiError && error.code === 'reauthentication_required';
      if (old) prove(true);
      else setProblem(errorText(error));
      setBusy(false);
    }
  };
  const leave = () => {
    prove(false);
    setProblem(t.glass.unproved);
  };
  return { reason, write, problem, proving, busy, submit, leave };
}

function GlassDialog({ detail, close }: { detail: Detail; close: () => void }) {
  const { reason, write, problem, proving, busy, submit, leave } = useGlass(detail, close);
  if (proving) return <Prove what="glass" proved={() => void submit()} leave={leave} />;
  return (
    <Dialog title={t.glass.title(detail.id)} onClose={close}>
      <div class="dialog-form">
        <p class="measure">{t.glass.intro(detail.quorum?.needed ?? 2)}</p>
        <FindingList findings={toRead(detail)} ticks={ticksOf(detail)} />
        <label class="labelled">
          <span>{t.glass.reason}</span>
          <textarea
            class="field"
            rows={3}
            dir="auto"
            maxLength={4000}
            value={reason}
            aria-invalid={problem !== ''}
            aria-describedby="glass-problem"
            onInput={(event) => write(event.currentTarget.value)}
          />
        </label>
        <p class="problem" id="glass-problem" role="alert">
          {problem}
        </p>
        <div class="actions">
          <Button tone="danger" busy={busy} onClick={submit}>
            {t.glass.submit}
          </Button>
          <Button onClick={close}>{t.glass.no}</Button>
        </div>
      </div>
    </Dialog>
  );
}

export function BreakGlass({ detail }: { detail: Detail }) {
  const [asked, ask] = useState(false);
  if (!detail.can.break_glass || !me.value?.settings.break_glass) return null;
  return (
    <>
      <Button small tone="danger" icon="shield" onClick={() => ask(true)}>
        {t.glass.button}
      </Button>
      {asked && <GlassDialog detail={detail} close={() => ask(false)} />}
    </>
  );
}
