// What is asked: a ready-made question with its fields, or SQL of one's own.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Editor } from '../ask/editor';
import { Button } from '../parts/small';
import { Sign } from '../parts/icons';
import { ApiError } from '../base/api';
import { ask, current } from './run';
import type { AuditAsked, AuditParameter, AuditQuestion, AuditViewInfo } from './types';
import { t } from '../texts';

// Which field the api did not like.
function wrongField(): string {
  const run = current.value;
  return run.state === 'failed' && run.error instanceof ApiError ? run.error.field : '';
}

interface FieldProps {
  parameter: AuditParameter;
  value: string;
  write: (value: string) => void;
}

function Field({ parameter, value, write }: FieldProps) {
  const { name, title, about, type, required } = parameter;
  const id = `audit-${name}`;
  return (
    <div class="audit-field">
      <label for={id}>
        {title} <span class="dim">{required ? t.audit.required : ''}</span>
      </label>
      <input
        id={id}
        class="field"
        title={about}
        required={required}
        spellcheck={false}
        autocomplete="off"
        inputMode={type === 'number' ? 'numeric' : 'text'}
        placeholder={required ? t.audit.such[type] : t.audit.anyOf(type)}
        aria-invalid={wrongField() === `parameters.${name}`}
        value={value}
        onInput={(event) => write(event.currentTarget.value)}
      />
    </div>
  );
}

interface FrameProps {
  asked: () => AuditAsked;
  title: string;
  about: string;
  children: ComponentChildren;
}

// The form around both: Ctrl Enter runs it from any of its fields.
function Frame({ asked, title, about, children }: FrameProps) {
  const busy = current.value.state === 'running';
  const run = () => {
    if (!busy) void ask(asked());
  };
  return (
    <form
      class="card audit-form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
    >
      <h2>{title}</h2>
      <p class="dim measure">{about}</p>
      {children}
      <p class="audit-run">
        <Button type="submit" tone="primary" keyName="Ctrl Enter" busy={busy}>
          {t.audit.run}
        </Button>
      </p>
    </form>
  );
}

interface QuestionProps {
  question: AuditQuestion;
  change: (sql: string) => void;
}

export function QuestionForm({ question, change }: QuestionProps) {
  const [values, set] = useState<Record<string, string>>({});
  const asked = () => ({
    question: question.id,
    parameters: Object.fromEntries(
      Object.entries(values).filter(([, value]) => value.trim() !== ''),
    ),
  });
  return (
    <Frame asked={asked} title={question.title} about={question.about}>
      {question.must_be_empty && (
        <p class="state tone-info">
          <Sign tone="info" /> {t.audit.mustBeEmpty}
        </p>
      )}
      {question.parameters.length > 0 && (
        <div class="audit-fields">
          {question.parameters.map((parameter) => (
            <Field
              key={parameter.name}
              parameter={parameter}
              value={values[parameter.name] ?? ''}
              write={(value) => set({ ...values, [parameter.name]: value })}
            />
          ))}
        </div>
      )}
      <details class="audit-more">
        <summary>{t.audit.statement}</summary>
        <pre class="audit-sql" tabIndex={0} aria-label={t.audit.statement} dir="ltr">
          {question.sql}
        </pre>
        {question.parameters.length === 0 && (
          <Button small icon="pencil" onClick={() => change(question.sql)}>
            {t.audit.toOwn}
          </Button>
        )}
      </details>
    </Frame>
  );
}

interface OwnProps {
  sql: string;
  write: (sql: string) => void;
  views: AuditViewInfo[];
}

export function OwnForm({ sql, write, views }: OwnProps) {
  return (
    <Frame asked={() => ({ sql })} title={t.audit.own} about={t.audit.ownAbout}>
      <label class="unseen" for="audit-sql">
        {t.audit.sql}
      </label>
      <Editor
        id="audit-sql"
        hint={t.audit.sqlHint}
        rows={8}
        value={sql}
        language="sql"
        invalid={wrongField() === 'sql'}
        onValue={write}
      />
      <details class="audit-more">
        <summary>{t.audit.views(views.length)}</summary>
        <dl class="audit-views">
          {views.map((view) => (
            <div key={view.name}>
              <dt>
                <code>{view.name}</code> <span class="dim">{view.about}</span>
              </dt>
              <dd>
                <code>{view.columns.join(', ')}</code>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </Frame>
  );
}
