// Which sandbox gets the run, where more than one is offered.
import { me } from '../base/session';
import { draft, write } from './draft';
import { chosenSandbox } from './send';
import { t } from '../texts';

export function Where({ problem }: { problem: string }) {
  const { sandbox = '', sandboxes = [] } = me.value?.settings ?? {};
  if (draft.value.revises || sandboxes.length < 2) return null;
  return (
    <label class="labelled where">
      <span>{t.sandbox.choose}</span>
      <select
        class="field"
        name="sandbox"
        value={chosenSandbox(draft.value) || sandbox}
        aria-invalid={problem !== ''}
        aria-describedby="where-problem"
        onChange={(event) => write({ sandbox: event.currentTarget.value })}
      >
        {sandboxes.map((name) => (
          <option key={name} value={name}>
            {t.sandbox.choices(name)}
          </option>
        ))}
      </select>
      <span class="problem" id="where-problem" role="alert">
        {problem}
      </span>
    </label>
  );
}

export function FailFast() {
  return (
    <label class="check">
      <input
        type="checkbox"
        name="fail-fast"
        checked={draft.value.failFast}
        onChange={(event) => write({ failFast: event.currentTarget.checked })}
      />
      {t.sandbox.fail}
    </label>
  );
}
