// What was found in the code, above it: what could harm in full, the rest on demand.
import type { Finding, Level } from '../base/types';
import { Sign, type Tone } from '../parts/icons';
import { t } from '../texts';

const order: Level[] = ['note', 'medium', 'high', 'block'];
const tones: Record<Level, Tone> = { note: 'info', medium: 'medium', high: 'high', block: 'high' };

/** The worst level of each line that has a finding. */
export function worstOfLines(findings: Finding[]): Map<number, Level> {
  const levels = new Map<number, Level>();
  for (const { line, level } of findings) {
    const other = levels.get(line);
    if (!other || order.indexOf(level) > order.indexOf(other)) levels.set(line, level);
  }
  return levels;
}

function Item({ finding }: { finding: Finding }) {
  const { level, line, column, title, explanation, rule } = finding;
  return (
    <li class={`finding finding-${level}`}>
      <Sign tone={tones[level]} />
      <div>
        <strong>{t.code.levels[level]}:</strong> {title}{' '}
        <a href={`#L${line}`}>{t.code.place(line, column)}</a>
        <p class="dim">
          {explanation} <span class="mono">{rule}</span>
        </p>
      </div>
    </li>
  );
}

function Items({ findings, label }: { findings: Finding[]; label: string }) {
  return (
    <ul class="findings" aria-label={label}>
      {findings.map((finding, n) => (
        <Item key={n} finding={finding} />
      ))}
    </ul>
  );
}

export function FindingList({ findings }: { findings: Finding[] }) {
  const notes = findings.filter(({ level }) => level === 'note');
  const others = findings.filter(({ level }) => level !== 'note');
  return (
    <>
      {others.length > 0 && <Items findings={others} label={t.code.findings} />}
      {notes.length > 0 && (
        <details class="notes">
          <summary>
            <Sign tone="info" /> {t.code.notes(notes.length)}
          </summary>
          <Items findings={notes} label={t.code.notesLabel} />
        </details>
      )}
    </>
  );
}
