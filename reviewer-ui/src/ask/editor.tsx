// A plain field for code with line numbers; Tab indents, Esc lets Tab leave.
import { useRef } from 'preact/hooks';
import { t } from '../texts';

interface EditorProps {
  id?: string;
  hint?: string;
  rows?: number;
  value: string;
  language: string;
  invalid: boolean;
  onValue: (value: string) => void;
}

// Through the browser's own editing, so that Ctrl Z takes it back.
function insert(field: HTMLTextAreaElement, text: string): void {
  if (document.execCommand('insertText', false, text)) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

function selectLines(field: HTMLTextAreaElement): string[] {
  const { value, selectionStart, selectionEnd } = field;
  const start = value.lastIndexOf('\n', selectionStart - 1) + 1;
  const end = value.indexOf(
    '\n',
    Math.max(start, selectionEnd - (selectionEnd > selectionStart ? 1 : 0)),
  );
  field.setSelectionRange(start, end < 0 ? value.length : end);
  return value.slice(start, end < 0 ? value.length : end).split('\n');
}

function indent(field: HTMLTextAreaElement, back: boolean, unit: string): void {
  const one = field.selectionStart === field.selectionEnd;
  if (one && !back) return insert(field, unit);
  const lines = selectLines(field);
  const from = field.selectionStart;
  const changed = lines.map((line) => {
    if (!back) return line ? unit + line : line;
    return line.replace(new RegExp(`^( {1,${unit.length}}|\\t)`), '');
  });
  insert(field, changed.join('\n'));
  field.setSelectionRange(from, from + changed.join('\n').length);
}

// A new line starts as deep as the one before; deeper after a colon.
function newLine(field: HTMLTextAreaElement, language: string, unit: string): void {
  const before = field.value.slice(0, field.selectionStart);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const deep = /^[ \t]*/.exec(line)?.[0] ?? '';
  const opens = language === 'python' && /:\s*(#.*)?$/.test(line);
  insert(field, `\n${deep}${opens ? unit : ''}`);
}

export function Editor(props: EditorProps) {
  const { value, language, invalid, onValue } = props;
  const { id = 'ask-code', hint = t.ask.codeHint, rows = 12 } = props;
  const numbers = useRef<HTMLDivElement>(null);
  const leaving = useRef(false);
  const unit = language === 'python' ? '    ' : '  ';
  const keys = (event: KeyboardEvent) => {
    const field = event.currentTarget as HTMLTextAreaElement;
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.isComposing);
    if (event.key === 'Escape') {
      leaving.current = true;
      return;
    }
    if (event.key === 'Tab' && plain && !leaving.current) {
      event.preventDefault();
      indent(field, event.shiftKey, unit);
    } else if (event.key === 'Enter' && plain && !event.shiftKey) {
      event.preventDefault();
      newLine(field, language, unit);
    }
    if (event.key !== 'Shift') leaving.current = false;
  };
  const count = value.split('\n').length;
  return (
    <div class={invalid ? 'editor invalid' : 'editor'}>
      <div class="editor-numbers" aria-hidden="true" ref={numbers}>
        {Array.from({ length: count }, (_, index) => index + 1).join('\n')}
      </div>
      <textarea
        id={id}
        name="code"
        class="editor-field"
        wrap="off"
        rows={rows}
        spellcheck={false}
        autocapitalize="none"
        autocomplete="off"
        dir="ltr"
        aria-invalid={invalid}
        aria-describedby="code-hint code-problem"
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
        onKeyDown={keys}
        onBlur={() => (leaving.current = false)}
        onScroll={(event) => {
          if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
      <p class="unseen" id="code-hint">
        {hint}
      </p>
    </div>
  );
}
