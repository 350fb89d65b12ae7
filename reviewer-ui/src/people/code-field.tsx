// A code of the second factor: of the app, or one that was kept for when the app is not there.
import { useEffect, useRef, useState } from 'preact/hooks';
import { failure } from './failure';
import { t } from '../texts';

type Kind = keyof typeof t.factor.code;

interface Codes {
  kind: Kind;
  value: string;
  problem: string;
  busy: boolean;
  write: (value: string) => void;
  change: () => void;
  submit: (event: Event) => Promise<void>;
}

function isComplete(kind: Kind, value: string): boolean {
  return kind === 'app' ? /^\d{6}$/.test(value) : value !== '';
}

/** What is typed, and what became of sending it. */
export function useCode(send: (code: string) => Promise<void>): Codes {
  const [kind, setKind] = useState<Kind>('app');
  const [value, write] = useState('');
  const [problem, say] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    say('');
    setBusy(true);
    try {
      if (isComplete(kind, value)) await send(value);
      else say(t.factor.empty[kind]);
    } catch (reason) {
      say(failure(reason, t.factor.wrong[kind]));
    }
    setBusy(false);
  };
  const change = () => {
    setKind(kind === 'app' ? 'recovery' : 'app');
    write('');
    say('');
  };
  return { kind, value, problem, busy, write, change, submit };
}

interface CodeFieldProps {
  codes: Codes;
  // Whether a recovery code will do, too.
  recovery?: boolean;
  // Whether the keyboard goes here at once.
  first?: boolean;
}

export function CodeField({ codes, recovery = true, first = true }: CodeFieldProps) {
  const { kind, value, problem, write, change } = codes;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!first && !problem) return;
    field.current?.focus();
    if (problem) field.current?.select();
  }, [kind, problem]);
  // People paste "123 456"; what counts are the characters.
  const take = (input: HTMLInputElement) => {
    input.value = input.value.replace(/\s+/g, '');
    write(input.value);
  };
  return (
    <>
      <div class="labelled">
        <label for="code">{t.factor.code[kind]}</label>
        <input
          ref={field}
          class="field code-field"
          id="code"
          name="code"
          inputMode={kind === 'app' ? 'numeric' : 'text'}
          autocomplete={kind === 'app' ? 'one-time-code' : 'off'}
          autocapitalize="none"
          spellcheck={false}
          maxLength={64}
          aria-invalid={problem !== ''}
          aria-describedby="code-problem"
          value={value}
          onInput={(event) => take(event.currentTarget)}
        />
      </div>
      <p class="problem" id="code-problem" role="alert">
        {problem}
      </p>
      {recovery && (
        <p>
          <button type="button" class="as-link" onClick={change}>
            {t.factor.instead[kind]}
          </button>
        </p>
      )}
    </>
  );
}
