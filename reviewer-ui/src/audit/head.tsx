// Whether the seals of the audit trail hold, and the newest signed head.
import { Since } from '../parts/small';
import { Sign } from '../parts/icons';
import { t } from '../texts';

export interface AuditHead {
  n: number;
  hash: string;
  sealed_at: string;
  // Of the last look at all seals.
  whole: boolean;
  checked_at: string;
}

// `null`: nothing is sealed.
export function HeadPanel({ head }: { head: AuditHead | null }) {
  const tone = head ? (head.whole ? 'low' : 'high') : 'plain';
  const words = head ? (head.whole ? t.audit.head.good : t.audit.head.bad) : t.audit.head.none;
  return (
    <section class="card audit-head" aria-label={t.audit.head.title}>
      <p class={`state tone-${tone}`}>
        <Sign tone={tone} /> {words}
      </p>
      {!head && <p class="dim">{t.audit.head.noneAbout}</p>}
      {head && (
        <p class="dim">
          {t.audit.head.newest(head.n)} · <Since at={head.sealed_at} words={t.ago} /> ·{' '}
          <Since at={head.checked_at} words={t.audit.head.checked} />
          <code class="audit-hash">{head.hash}</code>
        </p>
      )}
    </section>
  );
}
