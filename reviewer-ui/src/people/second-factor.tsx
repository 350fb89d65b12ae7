// The second factor of one's own account: whether it is on, setting it up, turning it off.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from '../base/api';
import { formatDate } from '../base/format';
import { errorText, showToast } from '../base/messages';
import { loadMe, me } from '../base/session';
import type { Factor } from '../base/types';
import { Dialog } from '../parts/dialog';
import { Sign } from '../parts/icons';
import { Button, Loading, Note } from '../parts/small';
import { CodeField, useCode } from './code-field';
import { Setup, type Key } from './factor-setup';
import { Prove } from './prove';
import { t } from '../texts';

const PATH = '/api/second-factor';
// With so few left, the person is told to get new ones.
const FEW = 3;

const isStale = (reason: unknown) =>
  reason instanceof ApiError && reason.code === 'reauthentication_required';

/** Asks the server for a key, and the person once more who it is where the server wants that. */
function useKey() {
  const [key, setKey] = useState<Key | null>(null);
  const [proving, prove] = useState(false);
  const [problem, say] = useState('');
  const begin = async () => {
    prove(false);
    say('');
    try {
      setKey(await call<Key>(PATH, { body: {} }));
    } catch (reason) {
      if (isStale(reason)) prove(true);
      else say(errorText(reason));
    }
  };
  const leave = () => {
    prove(false);
    say(t.factor.cancelled);
  };
  const dialog = proving && <Prove what="factor" proved={() => void begin()} leave={leave} />;
  return { key, problem, begin, drop: () => setKey(null), dialog };
}

function State({ factor }: { factor: Factor }) {
  if (!factor.set) return <p class="state dim">{t.factor.off}</p>;
  const left = t.factor.left(factor.recovery_left);
  return (
    <>
      <p>
        <span class="state tone-low">
          <Sign tone="low" /> {t.factor.on(formatDate(factor.since ?? ''))}
        </span>
        {factor.recovery_left > FEW && <span class="dim small-text"> · {left}</span>}
      </p>
      {factor.recovery_left <= FEW && (
        <Note tone="medium">
          <p>
            {left}. {t.factor.few}
          </p>
        </Note>
      )}
    </>
  );
}

// Each code counts once: after proving with one, the next is asked for.
function TurnOff({ done, leave }: { done: () => void; leave: () => void }) {
  const [proof, prove] = useState<'none' | 'wanted' | 'given'>('none');
  const codes = useCode(async (code) => {
    try {
      await call(PATH, { method: 'DELETE', body: { code }, quiet: true });
      done();
    } catch (reason) {
      if (!isStale(reason)) throw reason;
      codes.write('');
      prove('wanted');
    }
  });
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLInputElement>('.field')?.focus(), [proof]);
  if (proof === 'wanted')
    return <Prove what="factor" proved={() => prove('given')} leave={leave} />;
  return (
    <Dialog title={t.factor.offTitle} onClose={leave}>
      <form ref={form} class="dialog-form" onSubmit={codes.submit} noValidate>
        <p>{proof === 'given' ? t.factor.offNext : t.factor.offAbout}</p>
        <CodeField codes={codes} first={false} />
        <div class="actions">
          <Button tone="danger" type="submit" busy={codes.busy}>
            {t.factor.turnOff}
          </Button>
          <Button onClick={leave}>{t.factor.cancel}</Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChoicesProps {
  factor: Factor;
  setUp: () => void;
  turnOff: () => void;
}

function Choices({ factor, setUp, turnOff }: ChoicesProps) {
  return (
    <div class="actions">
      <Button tone={factor.set ? 'plain' : 'primary'} onClick={setUp}>
        {factor.set ? t.factor.setUpAnew : t.factor.setUp}
      </Button>
      {factor.set && !me.value?.second_factor?.required && (
        <Button onClick={turnOff}>{t.factor.turnOff}</Button>
      )}
    </div>
  );
}

function useFactor() {
  const [factor, set] = useState<Factor | null>(null);
  const [problem, say] = useState('');
  const load = () =>
    call<Factor>(PATH)
      .then(set)
      .catch((reason) => say(errorText(reason)));
  useEffect(() => void load(), []);
  return { factor, problem, load };
}

/** changed: it is on or off now, and its codes are kept. */
export function FactorBody({ changed }: { changed: () => void }) {
  const { factor, problem, load } = useFactor();
  const [leaving, askOff] = useState(false);
  const { key, problem: refused, begin, drop, dialog } = useKey();
  const settle = (text: string) => {
    drop();
    askOff(false);
    showToast({ text, tone: 'good' });
    void load();
    changed();
  };
  return (
    <>
      {!factor && !problem && <Loading />}
      {factor && !key && <State factor={factor} />}
      {factor && !key && (
        <Choices factor={factor} setUp={() => void begin()} turnOff={() => askOff(true)} />
      )}
      {key && (
        <Setup factorKey={key} done={() => settle(t.factor.isOn)} cancel={drop} />
      )}
      {leaving && (
        <TurnOff done={() => settle(t.factor.isOff)} leave={() => askOff(false)} />
      )}
      <p class="problem" role="alert">
        {problem || refused}
      </p>
      {dialog}
    </>
  );
}

export function SecondFactor({ changed }: { changed: () => void }) {
  const settle = () => {
    void loadMe().catch(() => undefined);
    changed();
  };
  return (
    <section class="card account-card" aria-labelledby="factor-title">
      <h2 id="factor-title">{t.factor.title}</h2>
      <p class="dim">{t.factor.about}</p>
      <FactorBody changed={settle} />
    </section>
  );
}
