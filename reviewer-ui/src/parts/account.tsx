// The theme button and the menu behind the person's initials.
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { chooseTheme, me, signOut, theme } from '../base/session';
import { shownTheme, type Theme } from '../base/theme';
import { helpOpen } from '../base/keys';
import { go } from '../base/route';
import { Icon, type IconName } from './icons';
import { Avatar } from './small';
import { t } from '../texts';

export function nextTheme(): void {
  chooseTheme(shownTheme(theme.value) === 'dark' ? 'light' : 'dark');
}

export function ThemeButton() {
  const dark = shownTheme(theme.value) === 'dark';
  return (
    <button
      type="button"
      class="button quiet icon-only theme-button"
      aria-label={`${t.nav.theme}: ${t.nav.themes[theme.value]}`}
      onClick={nextTheme}
    >
      <Icon name={dark ? 'moon' : 'sun'} size={18} />
    </button>
  );
}

const open = signal(false);
const themes: [Theme, IconName][] = [
  ['system', 'screen'],
  ['light', 'sun'],
  ['dark', 'moon'],
];

function ThemeChoice() {
  return (
    <fieldset class="theme-choice">
      <legend>{t.nav.theme}</legend>
      {themes.map(([name, icon]) => (
        <label key={name}>
          <input
            type="radio"
            name="theme"
            checked={theme.value === name}
            onChange={() => chooseTheme(name)}
          />
          <Icon name={icon} />
          {t.nav.themes[name]}
        </label>
      ))}
    </fieldset>
  );
}

function Menu() {
  const act = (what: () => void) => () => {
    open.value = false;
    what();
  };
  const person = me.value?.person;
  return (
    <div class="menu" id="account-menu">
      <p class="menu-who">
        <strong>
          <bdi>{person?.name}</bdi>
        </strong>
        <span class="dim">{t.nav.signedInAs(person?.login ?? '')}</span>
      </p>
      <ThemeChoice />
      <button type="button" onClick={act(() => (helpOpen.value = true))}>
        <Icon name="key" /> {t.nav.help}
      </button>
      <button type="button" onClick={act(() => go('/account'))}>
        <Icon name="shield" /> {me.value?.has_password ? t.password.change : t.nav.password}
      </button>
      <button type="button" onClick={act(() => void signOut())}>
        <Icon name="leave" /> {t.nav.signOut}
      </button>
    </div>
  );
}

export function AccountMenu() {
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) open.value = false;
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !open.value) return;
      event.preventDefault();
      event.stopPropagation();
      open.value = false;
      button.current?.focus();
    };
    const place = box.current;
    addEventListener('pointerdown', outside);
    place?.addEventListener('focusout', (event) => {
      if (event.relatedTarget && !place.contains(event.relatedTarget as Node)) open.value = false;
    });
    place?.addEventListener('keydown', escape);
    return () => removeEventListener('pointerdown', outside);
  }, []);
  const name = me.value?.person.name ?? '';
  return (
    <div class="account" ref={box}>
      <button
        ref={button}
        type="button"
        class="account-button"
        aria-label={`${t.nav.account}: ${name}`}
        aria-expanded={open.value}
        aria-controls="account-menu"
        onClick={() => (open.value = !open.value)}
      >
        <Avatar name={name} />
      </button>
      {open.value && <Menu />}
    </div>
  );
}
