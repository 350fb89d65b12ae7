// The toast with undo. The server holds the run back; this only counts down.
import { useEffect, useState } from 'preact/hooks';
import { closeToast, toast, spoken, type Toast } from '../base/messages';
import { addKeys } from '../base/keys';
import { second } from '../base/clock';
import { formatSpan } from '../base/format';
import { Icon } from './icons';
import { Button } from './small';
import { t } from '../texts';

const plainTime = 6000;
const signs = { good: 'check', plain: 'check', bad: 'cross', grave: 'shield' } as const;

function Countdown({ until }: { until: number }) {
  const left = Math.ceil((until - Math.max(second.value, Date.now())) / 1000);
  if (left <= 0) return <> {t.decide.started}</>;
  return (
    <>
      {' '}
      {t.decide.startsIn} <strong>{formatSpan(left * 1000)}</strong>.
    </>
  );
}

function Bar({ until, span }: { until: number; span: number }) {
  const [run, start] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => start(true));
    return () => cancelAnimationFrame(frame);
  }, []);
  const left = Math.max(0, until - Date.now());
  const style = run
    ? { transform: 'scaleX(0)', transitionDuration: `${left}ms` }
    : { transform: `scaleX(${span ? left / span : 0})` };
  return <div class="toast-bar" style={style} />;
}

function Shown({ shown }: { shown: Toast }) {
  const [held, hold] = useState(false);
  const { until, undo } = shown;
  useEffect(() => {
    const wait = until ? Math.max(0, until - Date.now()) + 1500 : plainTime;
    if (held) return;
    const timer = setTimeout(() => closeToast(shown.key), wait);
    return () => clearTimeout(timer);
  }, [shown.key, held]);
  const late = until !== undefined && Math.max(second.value, Date.now()) >= until;
  useEffect(() => (undo && !late ? addKeys({ z: undo }) : undefined), [undo, late]);
  return (
    <div
      class={`toast ${shown.tone}`}
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)}
      onFocusCapture={() => hold(true)}
      onBlurCapture={() => hold(false)}
    >
      <Icon name={signs[shown.tone]} />
      <span class="toast-text">
        {shown.text}
        {until !== undefined && <Countdown until={until} />}
      </span>
      {undo && (
        <Button icon="undo" keyName="Z" small off={late} onClick={undo}>
          {t.decide.undo}
        </Button>
      )}
      <button
        type="button"
        class="button quiet icon-only small"
        aria-label={t.close}
        onClick={() => closeToast()}
      >
        <Icon name="cross" size={14} />
      </button>
      {until !== undefined && <Bar until={until} span={shown.span ?? 0} />}
    </div>
  );
}

export function Toasts() {
  return (
    <>
      <section class="toast-place" aria-label={t.messages}>
        {toast.value && <Shown key={toast.value.key} shown={toast.value} />}
      </section>
      <div class="unseen" role="status" aria-live="polite">
        {spoken.value}
      </div>
    </>
  );
}
