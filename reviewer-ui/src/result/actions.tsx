// What the author can do with a request: cancel, change, run again; and settle a lost run.
import { useState } from 'preact/hooks';
import { call, randomKey } from '../base/api';
import { loadDetail } from '../base/details';
import { errorText, showToast } from '../base/messages';
import { go, route } from '../base/route';
import { mayAsk } from '../base/session';
import type { Detail, Sent } from '../base/types';
import { Dialog } from '../parts/dialog';
import { Button } from '../parts/small';
import { BreakGlass } from '../review/break-glass';
import { undoneText, type Undone } from '../review/decide';
import { lastAttempt, lostAttempt } from './steps';
import { t } from '../texts';

async function act<T>(id: number, what: string, body: object): Promise<T | null> {
  try {
    return await call<T>(`/api/requests/${id}/${what}`, { body, key: randomKey() });
  } catch (reason) {
    showToast({ text: errorText(reason), tone: 'bad' });
    return null;
  } finally {
    void loadDetail(id);
  }
}

function CancelDialog({ detail, close }: { detail: Detail; close: () => void }) {
  const [busy, setBusy] = useState(false);
  const cancel = async () => {
    setBusy(true);
    await act(detail.id, 'cancel', {});
    close();
  };
  return (
    <Dialog title={t.result.cancelSure} onClose={close}>
      <div class="actions">
        <Button tone="danger" busy={busy} onClick={cancel}>
          {t.result.cancelYes}
        </Button>
        <Button onClick={close}>{t.result.cancelNo}</Button>
      </div>
    </Dialog>
  );
}

function AgainButton({ detail }: { detail: Detail }) {
  const [busy, setBusy] = useState(false);
  const again = async () => {
    setBusy(true);
    const sent = await act<Sent>(detail.id, 'run-again', {});
    setBusy(false);
    if (!sent) return;
    showToast({ text: t.result.againDone(sent.id), tone: 'good' });
    go(route.value.view === 'ask' ? `/ask?request=${sent.id}` : `/requests/${sent.id}`);
  };
  return (
    <Button small icon="again" busy={busy} onClick={again}>
      {t.result.again}
    </Button>
  );
}

function UndoButton({ detail }: { detail: Detail }) {
  const undo = async () => {
    const done = await act<Undone>(detail.id, 'undo', {});
    if (done) showToast({ text: undoneText(detail.id, done.cancelling), tone: 'plain' });
  };
  return (
    <Button small icon="undo" onClick={undo}>
      {detail.state === 'approved' ? t.decide.undo : t.decide.takeBack}
    </Button>
  );
}

export function Actions({ detail }: { detail: Detail }) {
  const [sure, ask] = useState(false);
  const { can } = detail;
  const revise = can.revise && mayAsk.value;
  // A request that may still go on is changed or settled, not sent a second time.
  const open = ['changes_requested', 'outcome_unknown'].includes(detail.state);
  const again = can.run_again && !open;
  const mayRun = ['running', 'outcome_unknown'].includes(detail.state);
  const cancelling = mayRun && lastAttempt(detail)?.cancelling === true;
  if (!can.cancel && !can.break_glass && !revise && !again && !can.undo) return null;
  return (
    <div class="actions request-actions">
      {revise && (
        <Button
          small
          icon="pencil"
          onClick={() => go(`/ask?revise=${detail.id}&request=${detail.id}`)}
        >
          {detail.state === 'changes_requested' ? t.result.changeCode : t.result.revise}
        </Button>
      )}
      <BreakGlass detail={detail} />
      {again && <AgainButton detail={detail} />}
      {can.undo && <UndoButton detail={detail} />}
      {can.cancel && (
        <Button small icon="stop" busy={cancelling} onClick={() => ask(true)}>
          {cancelling ? t.progress.cancelling : t.result.cancel}
        </Button>
      )}
      {sure && <CancelDialog detail={detail} close={() => ask(false)} />}
    </div>
  );
}

export function Settle({ detail }: { detail: Detail }) {
  const [note, write] = useState('');
  const [problem, setProblem] = useState('');
  // While a worker follows the run its end is coming: nobody is asked to say it before.
  if (!detail.can.settle || lostAttempt(detail)?.held) return null;
  const settle = (outcome: 'succeeded' | 'failed') => () => {
    if (!note.trim()) return setProblem(t.result.settleNeed);
    void act(detail.id, 'settle', { outcome, note: note.trim() });
  };
  return (
    <section class="settle">
      <h3>{t.result.settle}</h3>
      <label class="labelled">
        <span>{t.result.settleNote}</span>
        <textarea
          class="field"
          rows={2}
          dir="auto"
          value={note}
          aria-describedby="settle-problem"
          onInput={(event) => write(event.currentTarget.value)}
        />
      </label>
      <p class="problem" id="settle-problem" role="alert">
        {problem}
      </p>
      <div class="actions">
        <Button onClick={settle('succeeded')}>{t.result.settleDone}</Button>
        <Button onClick={settle('failed')}>{t.result.settleFailed}</Button>
      </div>
    </section>
  );
}
