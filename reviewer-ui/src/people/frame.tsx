// The frame of the page before one is in: sign-in, and what must be done first.
import type { ComponentChildren } from 'preact';
import { Logo } from '../parts/icons';
import { ThemeButton } from '../parts/account';
import { t } from '../texts';

export function Frame({ children, foot }: { children: ComponentChildren; foot: string }) {
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
      <footer class="dim sign-in-foot">{foot}</footer>
    </div>
  );
}
