// Tabs with arrow keys; the list sticks to the top while the body scrolls.
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

export interface Tab {
  id: string;
  text: string;
  extra?: ComponentChildren;
  // Only there when the column that shows the same is folded away.
  folded?: boolean;
}

interface TabsProps {
  tabs: Tab[];
  chosen: string;
  choose: (id: string) => void;
  label: string;
  children: ComponentChildren;
}

export function Tabs({ tabs, chosen, choose, label, children }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const keys = (event: KeyboardEvent) => {
    const shown = Array.from(
      list.current?.querySelectorAll<HTMLElement>('[role=tab]') ?? [],
    ).filter((tab) => tab.offsetParent !== null);
    const at = shown.findIndex((tab) => tab.getAttribute('aria-selected') === 'true');
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = shown[(to + shown.length) % shown.length];
    next?.focus();
    next?.click();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={keys}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${tab.id}`}
            class={tab.folded ? 'tab folded' : 'tab'}
            aria-selected={tab.id === chosen}
            aria-controls="tab-body"
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => choose(tab.id)}
          >
            {tab.text}
            {tab.extra !== undefined && <span class="tab-extra">{tab.extra}</span>}
          </button>
        ))}
      </div>
      <div class="tab-body" role="tabpanel" id="tab-body" aria-labelledby={`tab-${chosen}`}>
        {children}
      </div>
    </>
  );
}
