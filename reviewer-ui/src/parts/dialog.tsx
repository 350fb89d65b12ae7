// A modal dialog on the browser's own element: focus is kept inside and given back.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icons';
import { t } from '../texts';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      // The close event comes a frame after the dialog closed: by then the person may be typing
      // somewhere else.
      const now = document.activeElement;
      const nowhere = !now || now === document.body || dialog?.contains(now);
      if (nowhere && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const clickOutside = (event: MouseEvent) => {
    if (event.target === box.current) onClose();
  };
  return (
    <dialog
      ref={box}
      class={wide ? 'dialog broad' : 'dialog'}
      aria-labelledby="dialog-title"
      onClose={onClose}
      onMouseDown={clickOutside}
    >
      <div class="dialog-body">
        <header>
          <h2 id="dialog-title">{title}</h2>
          <button
            type="button"
            class="button quiet icon-only"
            aria-label={t.close}
            onClick={onClose}
          >
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
