// Starts the page: who is signed in, what the address asks for, what is live.
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { effect } from '@preact/signals';
import { loadFonts } from './base/fonts';
import { forgetDetails } from './base/details';
import { addKeys, helpOpen, startKeys } from './base/keys';
import { startLive } from './base/live';
import { go, route } from './base/route';
import { arriving, homePath, isGated, loadMe, me } from './base/session';
import { Ask } from './ask/ask';
import { Audit } from './audit/audit';
import { startReachWatch } from './audit/watch';
import { Account } from './people/account';
import { Gate } from './people/gate';
import { SignIn } from './people/sign-in';
import { Workers } from './fleet/workers';
import { Requests } from './requests/list';
import { RequestPage } from './requests/page';
import { Desk } from './review/desk';
import { startQueue, waitingCount } from './review/queue-rows';
import { nextTheme } from './parts/account';
import { Help } from './parts/help';
import { Jump } from './parts/jump';
import { startWorkerWatch } from './parts/live-sign';
import { Shell } from './parts/shell';
import { A, Button, Loading } from './parts/small';
import { Toasts } from './parts/toast';
import { t } from './texts';

function View() {
  const { view, id } = route.value;
  if (view === 'ask') return <Ask />;
  if (view === 'review') return <Desk />;
  if (view === 'workers') return <Workers />;
  if (view === 'audit') return <Audit />;
  if (view === 'account') return <Account />;
  if (view === 'requests') return id === null ? <Requests /> : <RequestPage key={id} id={id} />;
  return (
    <div class="narrow">
      <h1>{t.nowhere}</h1>
      <A href="/">{t.goHome}</A>
    </div>
  );
}

function Page() {
  const { view } = route.value;
  useEffect(() => {
    // Asked anew: signing in may have gone somewhere else by now.
    const now = route.value.view;
    const settled = !location.hash && !arriving.value;
    if (me.value && (now === 'home' || (now === 'sign-in' && settled))) go(homePath(), 'replace');
  }, [view, me.value, arriving.value]);
  const arrives = location.hash || location.search || arriving.value;
  if (view === 'sign-in' && (me.value === null || arrives)) return <SignIn />;
  if (!me.value || view === 'home') return null;
  if (isGated.value) return <Gate />;
  return (
    <>
      <Shell>
        <View />
      </Shell>
      <Help />
      <Jump />
    </>
  );
}

// The server may be away when the page opens: it keeps trying and says so.
function Away() {
  return (
    <main class="narrow">
      <h1>{t.product}</h1>
      <p>{t.errors.unreachable}</p>
      <Button onClick={() => location.reload()}>{t.tryAgain}</Button>
    </main>
  );
}

function nameWindow(): void {
  const { view, id } = route.value;
  const names: Record<string, string> = {
    ask: t.nav.ask,
    review: t.review.title,
    requests: t.requests.title,
    workers: t.workers.title,
    audit: t.audit.title,
    account: t.nav.account,
    'sign-in': t.signIn.title,
  };
  const waiting = waitingCount.value ? `(${waitingCount.value}) ` : '';
  const number = id === null ? '' : `#${id} · `;
  const name = isGated.value ? t.factor.title : names[view];
  document.title = `${waiting}${number}${name ?? t.product} · ${t.product}`;
}

async function start(): Promise<void> {
  const root = document.getElementById('page');
  if (!root) return;
  loadFonts();
  render(<Loading />, root);
  try {
    await loadMe();
  } catch {
    render(<Away />, root);
    setTimeout(() => void start(), 5000);
    return;
  }
  render(
    <>
      <Page />
      <Toasts />
    </>,
    root,
  );
}

startKeys();
addKeys({ '?': () => (helpOpen.value = true), t: nextTheme });
startLive();
startQueue();
startWorkerWatch();
startReachWatch();
effect(nameWindow);
effect(() => {
  if (me.value === null) forgetDetails();
});
void start();
