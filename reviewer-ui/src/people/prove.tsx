// Showing once more who one is, where it counts: by the password and, where one is set, a code of
// the second factor; or at the provider.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import { formatSpan } from '../base/format';
import { errorText } from '../base/messages';
import { leaveForProvider, me, prove } from '../base/session';
import { Dialog } from '../parts/dialog';
import { Button } from '../parts/small';
import { CodeField, useCode } from './code-field';
import { wantsCode } from './failure';
import { useWays } from './other-ways';
import { OwnLogin, Password } from './password-field';
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

interface StepProps extends ProveProps {
  password: string;
  keepPassword: (password: string) => void;
  askCode: () => void;
}

function useProof({ proved, askCode }: StepProps) {
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
      if (wantsCode(reason)) return askCode();
      setProblem(problemOf(reason));
      setBusy(false);
    }
  };
  return {
    busy,
    problem,
    byPassword: (password: string) =>
      password ? attempt(() => prove({ password }), proved) : setProblem(t.prove.empty),
    byProvider: () => attempt(() => leaveForProvider(true), () => undefined),
  };
}

function PasswordFields({ problem, password, keepPassword }: StepProps & { problem: string }) {
  return (
    <>
      <OwnLogin />
      <Password
        label={t.signIn.password}
        name="password"
        autocomplete="current-password"
        invalid={problem !== ''}
        describedBy="prove-problem"
        value={password}
        onValue={keepPassword}
      />
    </>
  );
}

function FirstStep(props: StepProps) {
  const { what, password, leave } = props;
  const ways = useWays();
  const { busy, problem, byPassword, byProvider } = useProof(props);
  const form = useRef<HTMLFormElement>(null);
  const known = me.value?.has_password ?? false;
  const provider = ways?.includes('oidc') ?? false;
  const span = formatSpan((me.value?.settings.reauth_seconds ?? 0) * 1000);
  useEffect(() => {
    if (!problem) return;
    const field = form.current?.querySelector<HTMLInputElement>('[name=password]');
    field?.focus();
    field?.select();
  }, [problem]);
  const submit = (event: Event) => {
    event.preventDefault();
    if (known) void byPassword(password);
  };
  return (
    <form ref={form} class="dialog-form" onSubmit={submit} noValidate>
      <p>{t.prove.why[what](span)}</p>
      {known && <PasswordFields {...props} problem={problem} />}
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
  );
}

function SecondStep({ what, password, proved, back }: StepProps & { back: () => void }) {
  const codes = useCode((code) => prove({ password, code }).then(proved));
  return (
    <form class="dialog-form" onSubmit={codes.submit} noValidate>
      <p>{t.factor.stepAbout}</p>
      <CodeField codes={codes} first={false} />
      <div class="actions">
        <Button tone="primary" type="submit" busy={codes.busy}>
          {t.prove.submit[what]}
        </Button>
        <Button onClick={back}>{t.prove.back}</Button>
      </div>
    </form>
  );
}

export function Prove(props: ProveProps) {
  const [password, keepPassword] = useState('');
  const [asked, askCode] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  // From out here, because the dialog opens after the effects of what is inside.
  useEffect(() => box.current?.querySelector<HTMLInputElement>('.field')?.focus(), [asked]);
  const step = { ...props, password, keepPassword, askCode: () => askCode(true) };
  return (
    <Dialog title={t.prove.title} onClose={props.leave}>
      <div ref={box}>
        {asked ? <SecondStep {...step} back={() => askCode(false)} /> : <FirstStep {...step} />}
      </div>
    </Dialog>
  );
}
