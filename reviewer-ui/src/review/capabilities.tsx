// What the code can do, as the rules see it: reads, changes, calls, saves, in this order.
import type { Capability, Detail } from '../base/types';
import { Icon, Sign, type IconName, type Tone } from '../parts/icons';
import { Said } from '../parts/small';
import { t } from '../texts';

const kinds: [Capability, IconName, Tone][] = [
  ['reads', 'data', 'plain'],
  ['changes', 'pencil', 'high'],
  ['calls', 'globe', 'high'],
  ['saves', 'file', 'plain'],
];
const SHOWN = 4;

// The rules take each name that the program does not import for a built-in one; readers do not.
const plain = (name: string) => name.replace(/^builtins\./, '');

function Line({ kind, names, icon, tone }: {
  kind: Capability;
  names: string[];
  icon: IconName;
  tone: Tone;
}) {
  const safe = names.length === 0 && tone === 'high';
  const more = names.length - SHOWN;
  return (
    <li class={safe ? 'tone-low' : names.length > 0 && tone === 'high' ? 'tone-high' : undefined}>
      <Icon name={icon} />
      {names.length === 0 ? (
        t.can.nothing[kind]
      ) : (
        <span title={names.join('\n')}>
          {t.can.something[kind]}{' '}
          <strong>
            <Said text={names.slice(0, SHOWN).join(', ')} />
          </strong>
          {more > 0 && ` ${t.can.more(more)}`}
        </span>
      )}
    </li>
  );
}

export function Capabilities({ detail }: { detail: Detail }) {
  const { policy } = detail;
  if (!policy || policy.engine !== 'ok')
    return (
      <p class="tone-medium capabilities-unknown">
        <Sign tone="medium" /> {t.can.unknown}
      </p>
    );
  return (
    <ul class="gets">
      {kinds.map(([kind, icon, tone]) => (
        <Line
          key={kind}
          kind={kind}
          names={policy.capabilities[kind].map(plain)}
          icon={icon}
          tone={tone}
        />
      ))}
    </ul>
  );
}
