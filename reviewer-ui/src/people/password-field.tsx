// A password field that can be shown, and whose password it is.
import { useState } from 'preact/hooks';
import { me } from '../base/session';
import { Icon } from '../parts/icons';
import { t } from '../texts';

interface PasswordProps {
  label: string;
  name: string;
  autocomplete: string;
  invalid: boolean;
  describedBy: string;
  value: string;
  onValue: (value: string) => void;
}

export function Password(props: PasswordProps) {
  const [shown, show] = useState(false);
  return (
    <div class="labelled">
      <label for={props.name}>{props.label}</label>
      <span class="password-box">
        <input
          class="field"
          id={props.name}
          name={props.name}
          {...({ type: shown ? 'text' : 'password' } as { type: 'password' })}
          autocomplete={props.autocomplete}
          maxLength={1024}
          aria-invalid={props.invalid}
          aria-describedby={props.describedBy}
          value={props.value}
          onInput={(event) => props.onValue(event.currentTarget.value)}
        />
        <button
          type="button"
          class="button quiet icon-only"
          aria-label={t.signIn.show}
          aria-pressed={shown}
          onClick={() => show(!shown)}
        >
          <Icon name="eye" size={18} />
        </button>
      </span>
    </div>
  );
}

/** Out of sight: by it a password manager knows whose password the form is about. */
export function OwnLogin() {
  return (
    <input
      class="unseen"
      name="username"
      autocomplete="username"
      tabIndex={-1}
      aria-hidden="true"
      readOnly
      value={me.value?.person.login}
    />
  );
}
