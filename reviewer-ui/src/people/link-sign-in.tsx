// Sign-in by a one-time link: asks first when somebody is signed in here, and for the code when
// the person whose link it is has a second factor.
import { useEffect, useRef, useState } from 'preact/hooks';
import { useTitleFocus } from '../base/arrival';
import { ApiError } from '../base/api';
import { go } from '../base/route';
import { arriving, homePath, me, pathAfterSignIn, signIn } from '../base/session';
import { Button, Said } from '../parts/small';
import { CodeStep } from './code-step';
import { failure, wantsCode } from './failure';
import { t } from '../texts';

interface LinkProps {
  token: string;
  leave: () => void;
}

interface UseProps extends LinkProps {
  replaced: boolean;
  leaveText: string;
}

// What the page had loaded for the person before is not for this one: it begins anew.
function enter(replaced: boolean): void {
  const path = me.value?.has_password ? pathAfterSignIn() : '/account';
  if (replaced) location.replace(path);
  else go(path, 'replace');
}

function isSpent(reason: unknown): boolean {
  return reason instanceof ApiError && [400, 401, 404, 409].includes(reason.status);
}

interface RefusedProps {
  problem: string;
  leave: () => void;
  leaveText: string;
}

function Refused({ problem, leave, leaveText }: RefusedProps) {
  return (
    <div>
      <h1>{t.signIn.title}</h1>
      <p class="problem" role="alert">
        {problem}
      </p>
      <p class="dim">{t.signIn.linkHelp}</p>
      <Button onClick={leave} class="wide-button">
        <Said text={leaveText} />
      </Button>
    </div>
  );
}

function UseLink({ token, leave, leaveText, replaced }: UseProps) {
  const [problem, setProblem] = useState('');
  const [asked, askCode] = useState(false);
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    signIn({ link_token: token })
      .then(() => enter(replaced))
      .catch((reason) => {
        if (wantsCode(reason)) askCode(true);
        else setProblem(isSpent(reason) ? t.signIn.linkWrong : failure(reason));
      });
  }, []);
  const send = (code: string) =>
    signIn({ link_token: token, code }).then(() => enter(replaced));
  if (problem) return <Refused problem={problem} leave={leave} leaveText={leaveText} />;
  if (asked)
    return (
      <CodeStep about={t.factor.linkAbout} send={send} back={leave} backText={leaveText} />
    );
  return (
    <div role="status">
      <h1>{t.signIn.linkTitle}</h1>
      <p class="dim">{t.signIn.linkIntro}</p>
    </div>
  );
}

// Whose link it is nobody knows before it is used.
function Ask({ name, use, stay }: { name: string; use: () => void; stay: () => void }) {
  const title = useTitleFocus();
  return (
    <div class="stack">
      <h1 tabIndex={-1} ref={title}>
        {t.otherPerson.title}
      </h1>
      <p>
        <Said text={t.otherPerson.about(name)} />
      </p>
      <p class="dim">{t.otherPerson.ends}</p>
      <Button tone="primary" onClick={use} class="wide-button">
        {t.otherPerson.go}
      </Button>
      <Button onClick={stay} class="wide-button">
        <Said text={t.otherPerson.stay(name)} />
      </Button>
    </div>
  );
}

export function LinkSignIn({ token, leave }: LinkProps) {
  const [before] = useState(me.value);
  const [agreed, agree] = useState(!before);
  const stay = () => {
    arriving.value = false;
    leave();
    go(homePath(), 'replace');
  };
  if (!before)
    return (
      <UseLink token={token} leave={leave} leaveText={t.signIn.withPassword} replaced={false} />
    );
  const { name } = before.person;
  if (!agreed) return <Ask name={name} use={() => agree(true)} stay={stay} />;
  return <UseLink token={token} leave={stay} leaveText={t.otherPerson.stay(name)} replaced />;
}
