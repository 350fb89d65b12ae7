// Two minutes before the session ends, the page says so; what was typed is kept anyway.
import { useEffect } from 'preact/hooks';
import { formatClock } from '../base/format';
import { second } from '../base/clock';
import { loadMe, me, signOut } from '../base/session';
import { speak } from '../base/messages';
import { Sign } from './icons';
import { Button } from './small';
import { t } from '../texts';

const warnMs = 120_000;

export function SessionWarning() {
  const end = me.value?.session?.expires_at;
  const left = end ? Date.parse(end) - second.value : Infinity;
  const text = end ? t.session.ending(formatClock(end)) : '';
  const near = left <= warnMs;
  useEffect(() => {
    if (near) speak(text);
  }, [near]);
  useEffect(() => {
    // Asking once more makes a session that has ended show itself.
    if (left <= 0) void loadMe().catch(() => undefined);
  }, [left <= 0]);
  if (!near) return null;
  return (
    <section class="session-warning" aria-label={t.session.label}>
      <Sign tone="medium" />
      <span>{text}</span>
      <Button small onClick={() => void signOut(true)}>
        {t.session.signInAgain}
      </Button>
    </section>
  );
}
