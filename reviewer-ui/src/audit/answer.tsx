// What came of a query: a table to sort, nothing, or an error with its place marked.
import { useMemo } from 'preact/hooks';
import { errorText } from '../base/messages';
import type { TableData } from '../base/types';
import { Button, Elapsed, Note, Said } from '../parts/small';
import { TableView } from '../result/table-item';
import { cancel, current, download, placeOf, type Run } from './run';
import type { AuditQuestion, AuditTable } from './types';
import { t } from '../texts';

const numbers = /^(smallint|integer|bigint|oid|numeric|real|double precision)/;

// Times without fractions of a second: the CSV has all of it.
function shown(value: unknown, type: string): unknown {
  return typeof value === 'string' && type.startsWith('timestamp')
    ? value.replace(/\.\d+/, '')
    : value;
}

function asData({ columns, rows }: AuditTable): TableData {
  return {
    columns: columns.map(({ name, type }) => ({
      name,
      type: numbers.test(type) && !type.endsWith('[]') ? 'number' : 'text',
    })),
    rows: rows.map((row) => row.map((cell, at) => shown(cell, columns[at]?.type ?? ''))),
  };
}

function Failed({ error, sql }: { error: unknown; sql: string }) {
  const place = placeOf(error);
  const line = place ? sql.split('\n')[place.line - 1] : undefined;
  return (
    <div role="alert" class="audit-failed">
      <Note tone="high">
        <strong>{t.audit.failed}</strong>
        <p>
          <Said text={place?.words ?? errorText(error)} />
        </p>
        {place && line !== undefined && (
          <figure>
            <figcaption class="dim">{t.audit.place(place.line, place.column)}</figcaption>
            <pre class="audit-place" dir="ltr">
              {line.slice(0, place.column - 1)}
              <mark>{line.slice(place.column - 1).match(/^(\w+|.)/s)?.[0] ?? ' '}</mark>
              {line.slice(place.column - 1).replace(/^(\w+|.)/s, '')}
            </pre>
          </figure>
        )}
      </Note>
    </div>
  );
}

interface AnsweredProps {
  run: Extract<Run, { state: 'answered' }>;
  question: AuditQuestion | null;
  title: string;
}

function Answered({ run, question, title }: AnsweredProps) {
  const { table, asked } = run;
  const data = useMemo(() => asData(table), [table]);
  const none = table.rows.length === 0;
  return (
    <>
      <header class="table-title">
        <p class="dim" role="status">
          {t.audit.rows(table.rows.length, table.elapsed_ms)}
        </p>
        {!none && (
          <Button
            small
            icon="download"
            aria-label={t.audit.csvOf(title)}
            onClick={() => void download(asked)}
          >
            {t.audit.csv}
          </Button>
        )}
      </header>
      {table.truncated && <Note tone="medium">{t.audit.truncated(table.rows.length)}</Note>}
      {question?.must_be_empty && (
        <Note tone={none ? 'low' : 'high'}>{none ? t.audit.isEmpty : t.audit.notEmpty}</Note>
      )}
      {none && !question?.must_be_empty && <p class="empty">{t.audit.empty}</p>}
      {!none && <TableView data={data} title={title} />}
    </>
  );
}

interface AnswerProps {
  question: AuditQuestion | null;
  sql: string;
}

export function Answer({ question, sql }: AnswerProps) {
  const run = current.value;
  const title = question?.title ?? t.audit.own;
  return (
    <section class="card audit-answer" aria-label={t.audit.answer}>
      {run.state === 'none' && <p class="empty">{t.audit.first}</p>}
      {run.state === 'cancelled' && <p class="empty">{t.audit.cancelled}</p>}
      {run.state === 'running' && (
        <p class="audit-running">
          <progress aria-label={t.audit.run} />
          <Elapsed from={run.since} words={t.audit.running} />
          <Button small icon="stop" onClick={() => cancel()}>
            {t.audit.cancel}
          </Button>
        </p>
      )}
      {run.state === 'failed' && <Failed error={run.error} sql={sql} />}
      {run.state === 'answered' && <Answered run={run} question={question} title={title} />}
    </section>
  );
}
