// The sheet of keyboard shortcuts.
import { helpOpen, singleKeys, useSingleKeys } from '../base/keys';
import { Dialog } from './dialog';
import { t } from '../texts';

const groups: [string, [string, string[]][]][] = [
  [
    t.keys.move,
    [
      [t.keys.nextPrevious, ['J', 'K']],
      [t.keys.openBack, ['Enter', 'Esc']],
      [t.keys.search, ['Ctrl K']],
    ],
  ],
  [
    t.keys.decide,
    [
      [t.keys.approve, ['A']],
      [t.keys.change, ['C']],
      [t.keys.reject, ['R']],
      [t.keys.undo, ['Z']],
    ],
  ],
  [
    t.keys.look,
    [
      [t.keys.tabs, ['1', '2', '3', '4']],
      [t.keys.theme, ['T']],
      [t.keys.help, ['?']],
    ],
  ],
];

function Group({ title, keys }: { title: string; keys: [string, string[]][] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {keys.map(([what, names]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Help() {
  if (!helpOpen.value) return null;
  return (
    <Dialog title={t.keys.title} wide onClose={() => (helpOpen.value = false)}>
      <div class="keys">
        {groups.map(([title, keys]) => (
          <Group key={title} title={title} keys={keys} />
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={(event) => useSingleKeys(event.currentTarget.checked)}
        />
        {t.keys.single}
      </label>
    </Dialog>
  );
}
