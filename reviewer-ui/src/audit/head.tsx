// How far the audit trail is sealed, the newest signed head, to keep where nobody changes it, and
// whether it was whole when somebody last verified it.
import { moment } from '../base/clock';
import { formatFull, formatNumber } from '../base/format';
import { isAdmin } from '../base/session';
import { Sign, type Tone } from '../parts/icons';
import { A, Button, CopyButton, Since } from '../parts/small';
import {
  downloadHead,
  reach,
  type AuditHead,
  type AuditReach,
  type AuditVerified,
} from './watch';
import { t } from '../texts';

function judge(now: AuditReach | null): { tone: Tone; words: string } {
  if (!now) return { tone: 'plain', words: t.audit.head.unknown };
  const { head, late } = now;
  if (late) return { tone: 'high', words: t.audit.head.late };
  if (!head) return { tone: 'plain', words: t.audit.head.none };
  return { tone: 'low', words: t.audit.head.upTo(head.last_id) };
}

// The operator is told to verify each week at least.
const old = 7 * 86_400_000;

function judgeVerified(found: AuditVerified | null): { tone: Tone; words: string } {
  const { verified: words } = t.audit;
  if (!found) return { tone: 'medium', words: words.never };
  if (found.outcome === 'broken') return { tone: 'high', words: words.broken };
  if (moment.value - Date.parse(found.at) > old) return { tone: 'medium', words: words.old };
  return found.outcome === 'whole'
    ? { tone: 'low', words: words.whole }
    : { tone: 'medium', words: words.unsealed };
}

function Verified({ found }: { found: AuditVerified | null }) {
  const { tone, words } = judgeVerified(found);
  return (
    <div class="audit-verified">
      <p class={`state tone-${tone}`}>
        <Sign tone={tone} /> {words}
      </p>
      {!found && <p class="dim">{t.audit.verified.neverAbout}</p>}
      {found?.why && <p class="tone-high">{found.why}</p>}
      {found && (
        <p class="dim">
          {found.seal !== null && <>{t.audit.verified.upTo(found.seal)} · </>}
          <Since at={found.at} words={t.ago} /> ·{' '}
          {t.audit.verified.against(found.rows, found.heads)}
        </p>
      )}
    </div>
  );
}

function Newest({ head }: { head: AuditHead }) {
  return (
    <>
      <p class="dim">
        {t.audit.head.newest(head.n)} · {t.audit.head.sealedAt(formatFull(head.sealed_at))} ·{' '}
        {t.audit.head.key(head.key_id)}
      </p>
      <code class="audit-hash" title={t.audit.head.root}>
        {head.root}
      </code>
      <p class="audit-head-acts">
        <CopyButton small text={() => head.line} label={t.audit.head.copy} icon="copy" />
        <Button small icon="download" onClick={() => downloadHead(head)}>
          {t.audit.head.download}
        </Button>
      </p>
    </>
  );
}

export function HeadPanel() {
  const now = reach.value;
  const { tone, words } = judge(now);
  const { rows = 0, since = null } = now?.unsealed ?? {};
  return (
    <section class="card audit-head" aria-label={t.audit.head.title}>
      <p class={`state tone-${tone}`} role="status">
        <Sign tone={tone} /> {words}
      </p>
      {now && !now.head && <p class="dim">{t.audit.head.noneAbout}</p>}
      {since && (
        <p class={now?.late ? 'tone-high' : 'dim'}>
          {t.audit.head.waiting(rows)} <Since at={since} words={t.audit.head.first} />
        </p>
      )}
      {now?.head && <Newest head={now.head} />}
      {now && <Verified found={now.verified} />}
    </section>
  );
}

// At the foot of every view of an admin.
export function HeadFoot() {
  const now = reach.value;
  if (!isAdmin.value || !now) return null;
  const isBroken = now.verified?.outcome === 'broken';
  const { tone, words } = isBroken ? judgeVerified(now.verified) : judge(now);
  return (
    <footer class="shell-foot dim">
      <A href="/audit">
        <span class={`state tone-${tone}`}>
          <Sign tone={tone} size={14} /> {t.nav.audit}: {words}
        </span>
      </A>
      {now.head && (
        <span>
          {t.audit.head.short(formatNumber(now.head.n))} <code>{now.head.hash.slice(0, 12)}</code>
        </span>
      )}
    </footer>
  );
}
