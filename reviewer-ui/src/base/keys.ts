// Single-key shortcuts: never in fields, never with Ctrl, Alt or Meta.
import { signal } from '@preact/signals';
import { keep, readKept } from './kept';

export const singleKeys = signal(readKept('single-keys', true));
export const helpOpen = signal(false);
export const jumpOpen = signal(false);

type Action = (event: KeyboardEvent) => void;
const layers: Map<string, Action>[] = [];
// Holding the key down must not decide or undo twice.
const once = new Set(['a', 'r', 'z', 'c']);

export function useSingleKeys(on: boolean): void {
  singleKeys.value = on;
  keep('single-keys', on);
}

// Adds keys until the returned function is called; later layers win.
export function addKeys(keys: Record<string, Action>): () => void {
  const layer = new Map(Object.entries(keys));
  layers.push(layer);
  return () => layers.splice(layers.indexOf(layer), 1);
}

export function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

export function startKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (command && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      jumpOpen.value = true;
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (inField(event.target)) return;
    if (key.length === 1 && !singleKeys.value) return;
    if (event.repeat && once.has(key)) return;
    const action = [...layers]
      .reverse()
      .find((layer) => layer.has(key))
      ?.get(key);
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}
