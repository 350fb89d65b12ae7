// What changed since the version before: every line, none folded.
import { useMemo } from 'preact/hooks';
import { Icon } from '../parts/icons';
import { diffLines, type DiffLine } from './diff';
import { paintCode, type Piece } from './highlight';
import { Pieces } from './panel';
import { t } from '../texts';

interface ChangesProps {
  before: string;
  after: string;
  language: string;
  revision: number;
}

const signs = { same: ' ', added: '+', removed: '−' };

function Row({ line, pieces }: { line: DiffLine; pieces: Piece[] }) {
  return (
    <span class={`line diff ${line.kind}`} data-line={line.after ?? undefined}>
      <span class="line-n" data-n={line.before ?? ''} />
      <span class="line-n" data-n={line.after ?? ''} />
      <span class="line-sign" data-n={signs[line.kind]} />
      <span class="line-text">
        {line.kind !== 'same' && (
          <span class="unseen">{line.kind === 'added' ? t.changes.added : t.changes.removed} </span>
        )}
        <Pieces pieces={pieces} />
        {'\n'}
      </span>
    </span>
  );
}

export function Changes({ before, after, language, revision }: ChangesProps) {
  const diff = useMemo(() => diffLines(before, after), [before, after]);
  const old = useMemo(() => paintCode(before, language).lines, [before, language]);
  const now = useMemo(() => paintCode(after, language).lines, [after, language]);
  if (diff.added + diff.removed === 0) return <p class="empty">{t.changes.same(revision - 1)}</p>;
  const piecesOf = (line: DiffLine) =>
    (line.kind === 'removed' ? old[(line.before ?? 1) - 1] : now[(line.after ?? 1) - 1]) ?? [];
  return (
    <section class="panel code-panel">
      <header class="panel-head">
        <Icon name="file" />
        <span class="code-name">{t.codeName(language)}</span>
        <span class="dim">
          {t.changes.from(revision - 1)} · <Counts added={diff.added} removed={diff.removed} />
        </span>
      </header>
      {diff.coarse && <p class="code-warning">{t.changes.coarse}</p>}
      <div
        class="code"
        role="region"
        tabIndex={0}
        aria-label={t.changes.region(revision - 1, revision)}
        dir="ltr"
      >
        <code>
          {diff.lines.map((line) => (
            <Row line={line} pieces={piecesOf(line)} />
          ))}
        </code>
      </div>
    </section>
  );
}

export function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span class="counts">
      +{added} −{removed}
    </span>
  );
}
