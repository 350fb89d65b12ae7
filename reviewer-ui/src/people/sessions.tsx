// Where one is signed in, and how to end that.
import { useEffect, useState } from 'preact/hooks';
import { call } from '../base/api';
import { formatFull } from '../base/format';
import { errorText, showToast } from '../base/messages';
import type { SessionRow } from '../base/types';
import { Button, Loading, Said, Since } from '../parts/small';
import { t } from '../texts';
import { programName } from './program';

function Row({ row, end }: { row: SessionRow; end: () => void }) {
  const name = programName(row.agent);
  return (
    <li class="session-row">
      <div>
        <p>
          <span title={row.agent}>
            <Said text={name} />
          </span>
          {row.this && <strong class="session-this">{t.sessions.this}</strong>}
        </p>
        <p class="dim small-text">
          {t.sessions.how[row.how]} · {t.sessions.from(row.address)} ·{' '}
          <span title={t.sessions.since(formatFull(row.created_at))}>
            {t.sessions.used} <Since at={row.seen_at} words={t.ago} />
          </span>
        </p>
      </div>
      {!row.this && (
        <Button small onClick={end} aria-label={t.sessions.endOne(name, row.address)}>
          {t.sessions.end}
        </Button>
      )}
    </li>
  );
}

export function Sessions() {
  const [rows, setRows] = useState<SessionRow[] | null>(null);
  const [problem, setProblem] = useState('');
  const load = () =>
    call<{ sessions: SessionRow[] }>('/api/sessions')
      .then((found) => setRows(found.sessions))
      .catch((reason) => setProblem(errorText(reason)));
  useEffect(() => void load(), []);
  const end = async (path: string) => {
    try {
      await call(path, { method: 'DELETE' });
      showToast({ text: t.sessions.ended, tone: 'good' });
    } catch (reason) {
      showToast({ text: errorText(reason), tone: 'bad' });
    }
    await load();
  };
  return (
    <section class="card account-card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">{t.sessions.title}</h2>
      {problem && <p class="problem">{problem}</p>}
      {!rows && !problem && <Loading />}
      <ul class="sessions">
        {rows?.map((row) => (
          <Row key={row.id} row={row} end={() => void end(`/api/sessions/${row.id}`)} />
        ))}
      </ul>
      {rows?.some((row) => !row.this) && (
        <div class="actions">
          <Button onClick={() => void end('/api/sessions')}>{t.sessions.endOthers}</Button>
        </div>
      )}
    </section>
  );
}
