// Pausing and resuming what may start: everything, a team, a sandbox. For admins.
import { useState } from 'preact/hooks';
import { call } from '../base/api';
import { errorText, showToast } from '../base/messages';
import { isAdmin } from '../base/session';
import type { Pause } from './types';
import { Sign } from '../parts/icons';
import { Dialog } from '../parts/dialog';
import { loadWorkers } from '../parts/live-sign';
import { agoText, Button, Said } from '../parts/small';
import { t } from '../texts';

interface SwitchProps {
  scope: string;
  what: string;
  pause: Pause | undefined;
}

async function send(method: 'POST' | 'DELETE', body: object): Promise<void> {
  try {
    await call('/api/pauses', { method, body });
  } catch (reason) {
    showToast({ text: errorText(reason), tone: 'bad' });
  }
  await loadWorkers();
}

function PauseDialog({ scope, what, close }: { scope: string; what: string; close: () => void }) {
  const [reason, write] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const pause = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (!reason.trim()) return setProblem(t.fleet.needReason);
    setBusy(true);
    await send('POST', { scope, reason: reason.trim() });
    close();
  };
  return (
    <Dialog title={t.fleet.pauseTitle(what)} onClose={close}>
      <form class="pause-form" onSubmit={pause} noValidate>
        <p>{t.fleet.pauseHelp}</p>
        <label class="labelled">
          <span>{t.fleet.reason}</span>
          <input
            class="field"
            name="reason"
            maxLength={200}
            dir="auto"
            autocomplete="off"
            value={reason}
            aria-invalid={problem !== ''}
            aria-describedby="pause-problem"
            onInput={(event) => {
              write(event.currentTarget.value);
              setProblem('');
            }}
          />
          <span class="problem" id="pause-problem" role="alert">
            {problem}
          </span>
        </label>
        <div class="actions">
          <Button tone="primary" type="submit" busy={busy}>
            {t.fleet.pauseYes}
          </Button>
          <Button onClick={close}>{t.fleet.pauseNo}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function PauseState({ pause }: { pause: Pause | undefined }) {
  if (!pause)
    return (
      <span class="state tone-low">
        <Sign tone="low" /> {t.fleet.starts}
      </span>
    );
  return (
    <span class="pause-state">
      <span class="state tone-medium">
        <Sign tone="medium" /> {t.fleet.paused}
      </span>{' '}
      <span class="dim">{t.fleet.pausedBy(pause.by?.name ?? t.product, agoText(pause.at))}</span>
      {pause.reason && (
        <span class="pause-reason">
          <Said text={pause.reason} />
        </span>
      )}
    </span>
  );
}

export function PauseSwitch({ scope, what, pause }: SwitchProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  if (!isAdmin.value) return null;
  const resume = async () => {
    setBusy(true);
    await send('DELETE', { scope });
    setBusy(false);
  };
  return (
    <>
      {pause ? (
        <Button small busy={busy} aria-label={t.fleet.resumeOf(what)} onClick={resume}>
          {t.fleet.resume}
        </Button>
      ) : (
        <Button small aria-label={t.fleet.pauseOf(what)} onClick={() => setOpen(true)}>
          {t.fleet.pause}
        </Button>
      )}
      {open && <PauseDialog scope={scope} what={what} close={() => setOpen(false)} />}
    </>
  );
}
