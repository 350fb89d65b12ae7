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

/** Who decides ticks each finding as read that is more than a note. */
export interface Ticks {
  wants: (finding: Finding) => boolean;
  isRead: (finding: Finding) => boolean;
  setRead: (finding: Finding, now: boolean) => void;
}

function Tick({ finding, ticks }: { finding: Finding; ticks: Ticks }) {
  return (
    <label class="finding-read">
      <input
        type="checkbox"
        checked={ticks.isRead(finding)}
        onChange={(event) => ticks.setRead(finding, event.currentTarget.checked)}
      />{' '}
      {t.code.haveRead}
      <span class="unseen">: {finding.title}</span>
    </label>
  );
}

interface ListProps {
  findings: Finding[];
  ticks: Ticks | null;
}

interface ItemProps {
  finding: Finding;
  ticks: Ticks | null;
}

function Item({ finding, ticks }: ItemProps) {
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
        {ticks?.wants(finding) && <Tick finding={finding} ticks={ticks} />}
      </div>
    </li>
  );
}

function Items({ findings, label, ticks }: ListProps & { label: string }) {
  return (
    <ul class="findings" aria-label={label}>
      {findings.map((finding, n) => (
        <Item key={n} finding={finding} ticks={ticks} />
      ))}
    </ul>
  );
}

export function FindingList({ findings, ticks }: ListProps) {
  const notes = findings.filter(({ level }) => level === 'note');
  const others = findings.filter(({ level }) => level !== 'note');
  return (
    <>
      {others.length > 0 && <Items findings={others} label={t.code.findings} ticks={ticks} />}
      {notes.length > 0 && (
        <details class="notes">
          <summary>
            <Sign tone="info" /> {t.code.notes(notes.length)}
          </summary>
          <Items findings={notes} label={t.code.notesLabel} ticks={null} />
        </details>
      )}
    </>
  );
}
