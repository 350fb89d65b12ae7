// Where the keyboard goes once a view is there: to its title, so that it is read out, unless the
// person has meanwhile gone to something else, such as an open menu.
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { route } from './route';

let leftFrom: Element | null = null;
effect(() => {
  if (route.value) leftFrom = document.activeElement;
});

export function useTitleFocus() {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const now = document.activeElement;
    if (!now || now === document.body || now === leftFrom)
      title.current?.focus({ preventScroll: true });
  }, []);
  return title;
}
