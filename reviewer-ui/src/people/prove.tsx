// Showing once more who one is, where it counts: by the password, or at the provider.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import { formatSpan } from '../base/format';
import { errorText } from '../base/messages';
import { leaveForProvider, me, prove } from '../base/session';
import { Dialog } from '../parts/dialog';
import { Button } from '../parts/small';
import { useWays } from './other-ways';
import { Password } from './password-field';
import { t } from '../texts';

interface ProveProps {
  what: keyof typeof t.prove.why;
  proved: () => void;
  leave: () => void;
}

function problemOf(reason: unknown): string {
  const wrong = reason instanceof ApiError && reason.field === 'password';
  return wrong ? t.prove.wrong : errorText(reason);
}

function useProof(proved: () => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const attempt = async (act: () => Promise<void>, then: () => void) => {
    if (busy) return;
    setBusy(true);
    setProblem('');
    try {
      await act();
      then();
    } catch (reason) {
      setProblem(problemOf(reason));
      setBusy(false);
    }
  };
  return {
    busy,
    problem,
    byPassword: (password: string) =>
      password ? attempt(() => prove(password), proved) : setProblem(t.prove.empty),
    byProvider: () => attempt(() => leaveForProvider(true), () => undefined),
  };
}

export function Prove({ what, proved, leave }: ProveProps) {
  const ways = useWays();
  const [password, setPassword] = useState('');
  const { busy, problem, byPassword, byProvider } = useProof(proved);
  const form = useRef<HTMLFormElement>(null);
  const known = me.value?.has_password ?? false;
  const provider = ways?.includes('oidc') ?? false;
  const span = formatSpan((me.value?.settings.reauth_seconds ?? 0) * 1000);
  useEffect(() => {
    const field = form.current?.querySelector<HTMLInputElement>('[name=password]');
    field?.focus();
    if (problem) field?.select();
  }, [problem]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (known) void byPassword(password);
  };
  return (
    <Dialog title={t.prove.title} onClose={leave}>
      <form ref={form} class="dialog-form" onSubmit={submit} noValidate>
        <p>{t.prove.why[what](span)}</p>
        {known && (
          <>
            <input
              class="unseen"
              name="username"
              autocomplete="username"
              tabIndex={-1}
              aria-hidden="true"
              readOnly
              value={me.value?.person.login}
            />
            <Password
              label={t.signIn.password}
              name="password"
              autocomplete="current-password"
              invalid={problem !== ''}
              describedBy="prove-problem"
              value={password}
              onValue={setPassword}
            />
          </>
        )}
        {!known && ways && !provider && <p>{t.prove.none(span)}</p>}
        {provider && <p class="dim">{t.prove.providerHelp}</p>}
        <p class="problem" id="prove-problem" role="alert">
          {problem}
        </p>
        <div class="actions">
          {known && (
            <Button tone="primary" type="submit" busy={busy}>
              {t.prove.submit[what]}
            </Button>
          )}
          {provider && (
            <Button tone={known ? 'plain' : 'primary'} busy={busy} onClick={byProvider}>
              {t.prove.provider}
            </Button>
          )}
          <Button onClick={leave}>{t.prove.cancel}</Button>
        </div>
      </form>
    </Dialog>
  );
}
