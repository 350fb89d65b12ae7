// The frame around every view: top bar, bottom bar on phones, session warning.
import type { ComponentChildren } from 'preact';
import { route } from '../base/route';
import { isAdmin, isReviewer, mayAsk, me } from '../base/session';
import { waitingCount } from '../review/queue-rows';
import { HeadFoot } from '../audit/head';
import { formatNumber } from '../base/format';
import { jumpOpen } from '../base/keys';
import { Icon, Logo, type IconName } from './icons';
import { A } from './small';
import { LiveSign } from './live-sign';
import { AccountMenu, ThemeButton } from './account';
import { SessionWarning } from './session-warning';
import { t } from '../texts';

interface Place {
  view: 'ask' | 'review' | 'requests' | 'workers' | 'audit';
  text: string;
  icon: IconName;
}

function places(): Place[] {
  const found: Place[] = [];
  if (mayAsk.value) found.push({ view: 'ask', text: t.nav.ask, icon: 'pencil' });
  if (isReviewer.value) found.push({ view: 'review', text: t.nav.review, icon: 'shield' });
  found.push({ view: 'requests', text: t.nav.requests, icon: 'list' });
  if (isAdmin.value) found.push({ view: 'workers', text: t.nav.workers, icon: 'machine' });
  if (isAdmin.value) found.push({ view: 'audit', text: t.nav.audit, icon: 'eye' });
  return found;
}

function WaitingBadge() {
  const n = waitingCount.value;
  if (n === 0) return null;
  return (
    <span class="badge">
      <span aria-hidden="true">{formatNumber(n)}</span>
      <span class="unseen">, {t.nav.waiting(n)}</span>
    </span>
  );
}

function NavLinks({ bottom = false }: { bottom?: boolean }) {
  return (
    <>
      {places().map(({ view, text, icon }) => (
        <A
          key={view}
          href={`/${view}`}
          class="nav-link"
          aria-current={route.value.view === view ? 'page' : undefined}
        >
          {bottom && <Icon name={icon} size={18} />}
          <span>
            {text}
            {view === 'review' && <WaitingBadge />}
          </span>
        </A>
      ))}
    </>
  );
}

function SearchButton() {
  return (
    <button type="button" class="search-button" onClick={() => (jumpOpen.value = true)}>
      <Icon name="search" />
      <span class="search-text">{t.nav.search}</span>
      <kbd aria-hidden="true">Ctrl K</kbd>
    </button>
  );
}

export function TopBar() {
  return (
    <header class="topbar">
      <A href="/" class="brand">
        <Logo />
        {t.product}
      </A>
      <nav class="top-nav" aria-label={t.nav.label}>
        <NavLinks />
      </nav>
      <span class="grow" />
      <SearchButton />
      <LiveSign />
      <ThemeButton />
      <AccountMenu />
    </header>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const onDesk = route.value.view === 'review';
  const looks = ['shell', onDesk && 'on-desk', onDesk && route.value.id !== null && 'on-request'];
  if (!me.value) return null;
  return (
    <div class={looks.filter(Boolean).join(' ')}>
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <TopBar />
      <SessionWarning />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <HeadFoot />
      <nav class="bottom-nav" aria-label={t.nav.label}>
        <NavLinks bottom />
      </nav>
    </div>
  );
}
