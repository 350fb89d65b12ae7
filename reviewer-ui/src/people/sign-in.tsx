// Sign-in with a password, or by a one-time link whose token is in the fragment.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../base/api';
import { formatSpan } from '../base/format';
import { errorText, showToast } from '../base/messages';
import { go } from '../base/route';
import { me, pathAfterSignIn, sessionEnded, signIn } from '../base/session';
import type { ComponentChildren } from 'preact';
import { Logo } from '../parts/icons';
import { Button, Note } from '../parts/small';
import { ThemeButton } from '../parts/account';
import { OtherWays, ProviderReturn, takeReturn } from './other-ways';
import { Password } from './password-field';
import { t } from '../texts';

function Frame({ children }: { children: ComponentChildren }) {
  return (
    <div class="sign-in-page">
      <header>
        <span class="brand">
          <Logo />
          {t.product}
        </span>
        <ThemeButton />
      </header>
      <main class="sign-in-card card" id="main">
        {children}
      </main>
      <footer class="dim sign-in-foot">{t.signIn.intro}</footer>
    </div>
  );
}

function failure(reason: unknown, refused = t.signIn.wrong): string {
  if (!(reason instanceof ApiError)) return errorText(reason);
  if (reason.status === 401) return refused;
  if (reason.status === 429)
    return t.signIn.throttled(formatSpan((reason.retryAfter || 60) * 1000));
  return errorText(reason);
}

function SignInForm({ said = '' }: { said?: string }) {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
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
    try {
      await signIn({ login: login.trim(), password });
      go(pathAfterSignIn(), 'replace');
    } catch (reason) {
      fail('', failure(reason));
    }
    setBusy(false);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <h1>{t.signIn.title}</h1>
      {sessionEnded.value && <Note tone="info">{t.session.ended}</Note>}
      <label class="labelled">
        <span>{t.signIn.login}</span>
        <input
          class="field"
          name="login"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          aria-invalid={problem?.field === 'login'}
          aria-describedby="sign-in-problem"
          value={login}
          onInput={(event) => setLogin(event.currentTarget.value)}
        />
      </label>
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

function LinkSignIn({ token, leave }: { token: string; leave: () => void }) {
  const [problem, setProblem] = useState('');
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    signIn({ link_token: token })
      .then(() => go(me.value?.has_password ? pathAfterSignIn() : '/account', 'replace'))
      .catch((reason) => {
        const gone = reason instanceof ApiError && [400, 401, 404, 409].includes(reason.status);
        setProblem(gone ? t.signIn.linkWrong : failure(reason));
      });
  }, []);
  if (!problem)
    return (
      <div role="status">
        <h1>{t.signIn.linkTitle}</h1>
        <p class="dim">{t.signIn.linkIntro}</p>
      </div>
    );
  return (
    <div>
      <h1>{t.signIn.title}</h1>
      <p class="problem" role="alert">
        {problem}
      </p>
      <p class="dim">{t.signIn.linkHelp}</p>
      <Button onClick={leave} class="wide-button">
        {t.signIn.withPassword}
      </Button>
    </div>
  );
}

// The token leaves the address bar and the history before anything else happens.
function takeToken(): string {
  const token = /^#[A-Za-z0-9_.~-]{8,512}$/.test(location.hash) ? location.hash.slice(1) : '';
  if (token) history.replaceState(null, '', '/sign-in');
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
    <Frame>
      {back && <ProviderReturn back={back} fail={refuse} />}
      {token && <LinkSignIn key={token} token={token} leave={() => setToken('')} />}
      {!back && !token && <SignInForm said={said} />}
    </Frame>
  );
}
