// The form: question, language, code, files, limits.
import { useRef, useState } from 'preact/hooks';
import { formatBytes, formatNumber } from '../base/format';
import { go } from '../base/route';
import { detailOf, loadDetail } from '../base/details';
import { showToast } from '../base/messages';
import { isReviewer, mayAsk, me } from '../base/session';
import type { Sent } from '../base/types';
import { Button, Note } from '../parts/small';
import { clearDraft, draft, editsOthers, isEmpty, write } from './draft';
import { Editor } from './editor';
import { examples, type Example } from './examples';
import { addFile, Files, uploads, uploadsEnded } from './files';
import { checkDraft, problemOf, sendDraft, type Problem } from './send';
import { FailFast, Where } from './where';
import { t } from '../texts';

async function fill(example: Example): Promise<void> {
  write({ ...example.draft, files: [] });
  for (const one of uploads.value) one.abort();
  await addFile(example.file());
}

function Examples() {
  if (draft.value.revises || (draft.value.code && draft.value.question)) return null;
  return (
    <div class="examples">
      <span class="dim small-text">{t.ask.examples}</span>
      <div class="chips">
        {examples.map((example) => (
          <button key={example.name} type="button" class="chip" onClick={() => void fill(example)}>
            {example.name}
          </button>
        ))}
      </div>
    </div>
  );
}

function Language() {
  return (
    <fieldset class="segments">
      <legend class="unseen">{t.ask.language}</legend>
      {(['python', 'sql'] as const).map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="language"
            value={name}
            checked={draft.value.language === name}
            onChange={() => write({ language: name })}
          />
          <span>{t.language(name)}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface NumberProps {
  label: string;
  most: number;
  value: string;
  onValue: (value: string) => void;
  problem: string;
  id: string;
}

function NumberField({ label, most, value, onValue, problem, id }: NumberProps) {
  return (
    <label class="labelled">
      <span>
        {label} <span class="dim">{t.ask.atMost(formatNumber(most))}</span>
      </span>
      <input
        class="field"
        inputMode="numeric"
        name={id}
        autocomplete="off"
        value={value}
        placeholder={String(most)}
        aria-invalid={problem !== ''}
        aria-describedby={`${id}-problem`}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      <span class="problem" id={`${id}-problem`} role="alert">
        {problem}
      </span>
    </label>
  );
}

function Advanced({ problem }: { problem: Problem | null }) {
  const limits = me.value?.settings.limits;
  const bad = problem?.field === 'wall' || problem?.field === 'memory';
  if (!limits) return null;
  const textOf = (field: string) => (problem?.field === field ? problem.text : '');
  return (
    <details class="advanced" open={bad || undefined}>
      <summary>{t.ask.advanced}</summary>
      <p class="dim small-text">{t.ask.advancedHint}</p>
      <div class="two">
        <NumberField
          id="wall"
          label={t.ask.wall}
          most={Math.floor(limits.wall_ms / 1000)}
          value={draft.value.wallSeconds}
          problem={textOf('wall')}
          onValue={(wallSeconds) => write({ wallSeconds })}
        />
        <NumberField
          id="memory"
          label={t.ask.memory}
          most={Math.floor(limits.memory_bytes / 1048576)}
          value={draft.value.memoryMb}
          problem={textOf('memory')}
          onValue={(memoryMb) => write({ memoryMb })}
        />
      </div>
      {!draft.value.revises && (
        <label class="check">
          <input
            type="checkbox"
            checked={draft.value.retrySafe}
            onChange={(event) => write({ retrySafe: event.currentTarget.checked })}
          />
          {t.ask.retry}
        </label>
      )}
      {!draft.value.revises && <FailFast />}
    </details>
  );
}

// Before a reviewer edits: what that costs.
function EditWarning() {
  const { revises } = draft.value;
  const detail = revises && detailOf(revises.id).value.detail;
  if (!detail || !editsOthers(draft.value)) return null;
  const { quorum } = detail;
  const few = detail.can.decide && quorum != null && quorum.eligible - 1 < quorum.needed;
  return (
    <Note tone="medium">
      <p>
        {t.ask.reviseOther} {few && t.ask.reviseFew}
      </p>
    </Note>
  );
}

function Heading() {
  const { revises } = draft.value;
  return (
    <header>
      <h1>{revises ? t.ask.revise(revises.id) : t.ask.title}</h1>
      <p class="dim">{revises ? t.ask.reviseIntro(revises.revision) : t.ask.intro}</p>
      <EditWarning />
    </header>
  );
}

function Question({ problem }: { problem: string }) {
  return (
    <label class="labelled">
      <span>{t.ask.question}</span>
      <textarea
        class="field question-field"
        name="question"
        rows={2}
        dir="auto"
        maxLength={4000}
        placeholder={t.ask.questionHint}
        aria-invalid={problem !== ''}
        aria-describedby="question-problem"
        readOnly={draft.value.revises !== null}
        value={draft.value.question}
        onInput={(event) => write({ question: event.currentTarget.value })}
      />
      <span class="problem" id="question-problem" role="alert">
        {problem}
      </span>
    </label>
  );
}

function CodeField({ problem }: { problem: string }) {
  const { code, language } = draft.value;
  const size = new TextEncoder().encode(code).length;
  return (
    <div class="labelled">
      <div class="code-label">
        <label for="ask-code">{t.ask.code}</label>
        <Language />
      </div>
      <Editor
        value={code}
        language={language}
        invalid={problem !== ''}
        onValue={(next) => write({ code: next })}
      />
      <p class="dim small-text code-foot">
        <span>{language === 'sql' ? t.ask.codeSql : t.ask.codePython}</span>
        {size > 0 && <span>{formatBytes(size)}</span>}
      </p>
      <span class="problem" id="code-problem" role="alert">
        {problem}
      </span>
    </div>
  );
}

const focusOf: Record<string, string> = {
  code: '#ask-code',
  question: '[name=question]',
  wall: '[name=wall]',
  memory: '[name=memory]',
  files: '.files input',
  where: '[name=sandbox]',
};

async function tellEdited({ id, revision }: Sent): Promise<void> {
  await loadDetail(id); // so that the desk opens on the new version
  showToast({ text: t.ask.revised(revision, id), tone: 'plain' });
  go(isReviewer.value ? `/review/${id}` : `/requests/${id}`);
}

function useSubmit() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [warning, setWarning] = useState('');
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const fail = (next: Problem) => {
    setProblem(next);
    requestAnimationFrame(() => {
      const field = form.current?.querySelector<HTMLElement>(focusOf[next.field] ?? '.send-button');
      field?.focus();
    });
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(null);
    setWarning('');
    await uploadsEnded();
    const found = checkDraft(draft.value);
    if (found) {
      setBusy(false);
      return fail(found);
    }
    try {
      const edited = editsOthers(draft.value);
      const sent = await sendDraft();
      clearDraft();
      if (edited) await tellEdited(sent);
      else go(`/ask?request=${sent.id}`);
      setWarning(sent.warning?.message ?? '');
    } catch (reason) {
      fail(problemOf(reason));
    }
    setBusy(false);
  };
  const forget = () => {
    setProblem(null);
    setWarning('');
  };
  return { form, problem, warning, busy, submit, forget };
}

export function AskForm() {
  const { form, problem, warning, busy, submit, forget } = useSubmit();
  const textOf = (field: string) => (problem?.field === field ? problem.text : '');
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.current?.requestSubmit();
  };
  const startOver = () => {
    const back = mayAsk.value ? '/ask' : `/review/${draft.value.revises?.id ?? ''}`;
    for (const one of uploads.value) one.abort();
    clearDraft();
    forget();
    if (location.search.includes('revise')) go(back, 'replace');
  };
  return (
    <form
      class="card ask-form"
      ref={form}
      onSubmit={submit}
      onKeyDown={keys}
      onInput={forget}
      noValidate
    >
      <Heading />
      <Examples />
      <Question problem={textOf('question')} />
      <CodeField problem={textOf('code')} />
      <Files problem={textOf('files')} />
      <Where problem={textOf('where')} />
      <Advanced problem={problem} />
      <p class="problem" role="alert">
        {textOf('form')}
      </p>
      <div role="status">{warning && <Note tone="medium">{t.ask.sentBut(warning)}</Note>}</div>
      <Button
        tone="primary"
        type="submit"
        busy={busy}
        keyName="Ctrl Enter"
        class="wide-button send-button"
      >
        {busy ? t.ask.sending : draft.value.revises ? t.ask.reviseSubmit : t.ask.submit}
      </Button>
      {!isEmpty(draft.value) && (
        <p class="draft-line dim">
          {t.ask.kept}
          <button type="button" class="as-link" onClick={startOver}>
            {t.ask.clear}
          </button>
        </p>
      )}
    </form>
  );
}
