// Light, dark, or as the system has it; the choice is kept on this device.
export type Theme = 'system' | 'light' | 'dark';

const key = 'countersign.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

export function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Storage may be refused; the theme then lasts as long as the page.
  }
}

export function shownTheme(theme: Theme): 'light' | 'dark' {
  if (theme !== 'system') return theme;
  return dark.matches ? 'dark' : 'light';
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = shownTheme(theme);
}

export function watchSystemTheme(theme: () => Theme): void {
  dark.addEventListener('change', () => applyTheme(theme()));
}
