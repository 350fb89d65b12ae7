// One's own account: the password, the first one after a one-time link or a new one, and sessions.
import { useState } from 'preact/hooks';
import { ApiError, call } from '../base/api';
import { errorText, showToast } from '../base/messages';
import { go } from '../base/route';
import { loadMe, me, pathAfterSignIn } from '../base/session';
import { Button } from '../parts/small';
import { OwnLogin, Password } from './password-field';
import { SecondFactor } from './second-factor';
import { Sessions } from './sessions';
import { t } from '../texts';

interface Problem {
  field: 'current' | 'next';
  text: string;
}

function check(next: string): Problem | null {
  const bytes = new TextEncoder().encode(next).length;
  if (bytes < 8) return { field: 'next', text: t.password.short };
  if (bytes > 1024) return { field: 'next', text: t.password.long };
  return null;
}

function problemOf(reason: unknown): Problem {
  if (!(reason instanceof ApiError)) return { field: 'next', text: errorText(reason) };
  if (reason.code === 'invalid_field' && reason.field === 'password')
    return { field: 'next', text: t.password.common };
  const current = reason.field === 'current' || reason.code === 'wrong_credentials';
  return current
    ? { field: 'current', text: t.password.wrong }
    : { field: 'next', text: errorText(reason) };
}

function Actions({ busy }: { busy: boolean }) {
  return (
    <div class="actions">
      <Button tone="primary" type="submit" busy={busy}>
        {t.password.submit}
      </Button>
      <Button tone="quiet" onClick={() => go(pathAfterSignIn(), 'replace')}>
        {t.password.later}
      </Button>
    </div>
  );
}

function SetPassword() {
  const had = me.value?.has_password ?? false;
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const found = check(next);
    if (busy || found) return setProblem(found);
    setBusy(true);
    try {
      const body = { password: next, ...(had && { current }) };
      await call('/api/password', { body, quiet: true });
      await loadMe();
      showToast({ text: t.password.saved, tone: 'good' });
      go(pathAfterSignIn(), 'replace');
    } catch (reason) {
      setProblem(problemOf(reason));
    }
    setBusy(false);
  };
  return (
    <form class="card account-card" onSubmit={submit} noValidate>
      <h1>{had ? t.password.change : t.password.title}</h1>
      {!had && <p class="dim">{t.password.intro}</p>}
      <OwnLogin />
      {had && (
        <Password
          label={t.password.current}
          name="current"
          autocomplete="current-password"
          invalid={problem?.field === 'current'}
          describedBy="password-problem"
          value={current}
          onValue={setCurrent}
        />
      )}
      <Password
        label={t.password.next}
        name="next"
        autocomplete="new-password"
        invalid={problem?.field === 'next'}
        describedBy="password-problem"
        value={next}
        onValue={setNext}
      />
      <p class="dim small-text">{t.password.rule}</p>
      <p class="problem" id="password-problem" role="alert">
        {problem?.text}
      </p>
      <Actions busy={busy} />
    </form>
  );
}

export function Account() {
  // A second factor that is turned on ends the other sessions.
  const [changes, count] = useState(0);
  return (
    <div class="narrow">
      <SetPassword />
      {me.value?.second_factor && <SecondFactor changed={() => count(changes + 1)} />}
      <Sessions key={changes} />
    </div>
  );
}
