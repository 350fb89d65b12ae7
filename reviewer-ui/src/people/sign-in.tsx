// Sign-in with a password, or by a one-time link whose token is in the fragment.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import { showToast } from '../base/messages';
import { go } from '../base/route';
import { arriving, me, pathAfterSignIn, sessionEnded, signIn } from '../base/session';
import { Button, Note } from '../parts/small';
import { CodeStep } from './code-step';
import { failure, wantsCode } from './failure';
import { Frame } from './frame';
import { LinkSignIn } from './link-sign-in';
import { OtherWays, ProviderReturn, takeReturn } from './other-ways';
import { Password } from './password-field';
import { t } from '../texts';

interface Given {
  login: string;
  password: string;
}

interface FormProps {
  said: string;
  // Where it was before the code was asked for.
  was: Given | null;
  askCode: (given: Given) => void;
}

interface LoginProps {
  value: string;
  invalid: boolean;
  write: (login: string) => void;
}

function LoginField({ value, invalid, write }: LoginProps) {
  return (
    <label class="labelled">
      <span>{t.signIn.login}</span>
      <input
        class="field"
        name="login"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={invalid}
        aria-describedby="sign-in-problem"
        value={value}
        onInput={(event) => write(event.currentTarget.value)}
      />
    </label>
  );
}

function SignInForm({ said, was, askCode }: FormProps) {
  const [login, setLogin] = useState(was?.login ?? '');
  const [password, setPassword] = useState(was?.password ?? '');
  const [problem, setProblem] = useState<{ field: string; text: string } | null>(
    said ? { field: '', text: said } : null,
  );
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const fail = (field: string, text: string) => {
    setProblem({ field, text });
    form.current?.querySelector<HTMLElement>(`[name=${field || 'password'}]`)?.focus();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (!login.trim()) return fail('login', t.signIn.emptyLogin);
    if (!password) return fail('password', t.signIn.emptyPassword);
    setBusy(true);
    setProblem(null);
    const given = { login: login.trim(), password };
    try {
      await signIn(given);
      go(pathAfterSignIn(), 'replace');
    } catch (reason) {
      if (wantsCode(reason)) return askCode(given);
      fail('', failure(reason));
    }
    setBusy(false);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <h1>{t.signIn.title}</h1>
      {sessionEnded.value && <Note tone="info">{t.session.ended}</Note>}
      <LoginField value={login} invalid={problem?.field === 'login'} write={setLogin} />
      <Password
        label={t.signIn.password}
        name="password"
        autocomplete="current-password"
        invalid={problem?.field === 'password'}
        describedBy="sign-in-problem"
        value={password}
        onValue={setPassword}
      />
      <p class="problem" id="sign-in-problem" role="alert">
        {problem?.text}
      </p>
      <Button tone="primary" type="submit" busy={busy} class="wide-button">
        {busy ? t.signIn.busy : t.signIn.submit}
      </Button>
      <OtherWays fail={(reason, refused) => fail('', failure(reason, refused))} />
      <p class="dim small-text">{t.signIn.noPassword}</p>
    </form>
  );
}

// Login and password, and the code where one is asked for. What was typed is only in memory.
function PasswordSignIn({ said }: { said: string }) {
  const [given, keepGiven] = useState<Given | null>(null);
  const [asked, askCode] = useState(false);
  const [refused, refuse] = useState(said);
  const send = async (code: string) => {
    try {
      if (given) await signIn({ ...given, code });
      go(pathAfterSignIn(), 'replace');
    } catch (reason) {
      // The password was changed meanwhile.
      if (!(reason instanceof ApiError) || reason.code !== 'wrong_credentials') throw reason;
      refuse(failure(reason));
      askCode(false);
    }
  };
  const ask = (next: Given) => {
    keepGiven(next);
    refuse('');
    askCode(true);
  };
  if (!asked) return <SignInForm said={refused} was={given} askCode={ask} />;
  return (
    <CodeStep
      about={t.factor.stepAbout}
      send={send}
      back={() => askCode(false)}
      backText={t.factor.begin}
    />
  );
}

// The token leaves the address bar and the history before anything else happens.
function takeToken(): string {
  const token = /^#[A-Za-z0-9_.~-]{8,512}$/.test(location.hash) ? location.hash.slice(1) : '';
  if (token) history.replaceState(null, '', '/sign-in');
  if (token && me.value) arriving.value = true;
  return token;
}

export function SignIn() {
  const [token, setToken] = useState(takeToken);
  const [back, setBack] = useState(takeReturn);
  const [said, setSaid] = useState('');
  const refuse = (reason: unknown) => {
    const text = reason ? failure(reason, t.signIn.providerWrong) : t.signIn.providerRefused;
    setSaid(text);
    setBack(null);
    if (!me.value) return;
    // The session that should be confirmed lives on.
    showToast({ text, tone: 'bad' });
    go(pathAfterSignIn(), 'replace');
  };
  useEffect(() => {
    const again = () => setToken(takeToken() || token);
    addEventListener('hashchange', again);
    return () => removeEventListener('hashchange', again);
  }, [token]);
  return (
    <Frame foot={t.signIn.intro}>
      {back && <ProviderReturn back={back} fail={refuse} />}
      {token && <LinkSignIn key={token} token={token} leave={() => setToken('')} />}
      {!back && !token && <PasswordSignIn key={said} said={said} />}
    </Frame>
  );
}
