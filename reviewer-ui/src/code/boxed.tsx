// One character that can not be seen or would be taken for another: in a box, with its number.
// The number is generated content, so that what is read from the document stays the text.
import type { ComponentChildren } from 'preact';
import { t } from '../texts';

interface BoxedProps {
  label: string;
  tone?: string;
  children: ComponentChildren;
}

export function Boxed({ label, tone = '', children }: BoxedProps) {
  return (
    <span class={`hid t-${tone}`} data-u={label} role="img" aria-label={t.code.boxed(label)}>
      {children}
    </span>
  );
}
