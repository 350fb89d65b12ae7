// Input files: chosen or dropped, checked, sent with progress.
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { errorText } from '../base/messages';
import { formatBytes } from '../base/format';
import { me } from '../base/session';
import { uploadFile } from '../base/upload';
import type { InputFile } from '../base/types';
import { Icon, Sign } from '../parts/icons';
import { Said } from '../parts/small';
import { draft, write } from './draft';
import { t } from '../texts';

interface Running {
  key: number;
  name: string;
  share: number;
  problem: string;
  abort: () => void;
}

export const uploads = signal<Running[]>([]);
export const dropping = signal(false);

const kinds = ['csv', 'tsv', 'txt', 'json', 'jsonl', 'ndjson', 'xlsx', 'parquet'];
const mostFiles = 16;
let count = 0;
const running = new Set<Promise<unknown>>();

// Sending waits for the files that are on their way.
export async function uploadsEnded(): Promise<void> {
  await Promise.allSettled(running);
}

function checkFile(file: File): string {
  const most = me.value?.settings.max_upload_bytes ?? 0;
  const kind = file.name.split('.').pop()?.toLowerCase() ?? '';
  if (!kinds.includes(kind)) return t.ask.wrongType(file.name);
  if (file.size === 0) return t.ask.emptyFile(file.name);
  if (file.size > most) return t.ask.tooBig(file.name, most);
  const taken = [...draft.value.files, ...uploads.value].some((one) => one.name === file.name);
  if (taken) return t.ask.twice(file.name);
  const all = draft.value.files.length + uploads.value.length;
  return all >= mostFiles ? t.ask.tooMany(mostFiles) : '';
}

function change(key: number, part: Partial<Running>): void {
  uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...part } : one));
}

function drop(key: number): void {
  uploads.value = uploads.value.filter((one) => one.key !== key);
}

export async function addFile(file: File): Promise<void> {
  const key = ++count;
  // An earlier try of the same name has nothing more to say.
  uploads.value = uploads.value.filter((one) => !(one.problem && one.name === file.name));
  const problem = checkFile(file);
  const row: Running = { key, name: file.name, share: 0, problem, abort: () => drop(key) };
  uploads.value = [...uploads.value, row];
  if (problem) return;
  const upload = uploadFile(file, (share) => change(key, { share }));
  change(key, {
    abort: () => {
      upload.abort();
      drop(key);
    },
  });
  running.add(upload.done);
  try {
    const { id, name, bytes, sha256 } = await upload.done;
    write({ files: [...draft.value.files, { id, name, bytes, sha256 }] });
    drop(key);
  } catch (reason) {
    change(key, {
      problem: `${t.ask.uploadFailed(file.name)} ${errorText(reason)}`,
      abort: () => drop(key),
    });
  } finally {
    running.delete(upload.done);
  }
}

export function addFiles(files: Iterable<File>): void {
  for (const file of files) void addFile(file);
}

function Done({ file }: { file: InputFile }) {
  const remove = () => write({ files: draft.value.files.filter((one) => one !== file) });
  return (
    <li class="file-row">
      <Icon name="file" />
      <span class="file-name">
        <Said text={file.name} />
      </span>
      <span class="dim">{formatBytes(file.bytes)}</span>
      <RemoveButton name={file.name} remove={remove} />
    </li>
  );
}

function RemoveButton({ name, remove }: { name: string; remove: () => void }) {
  return (
    <button
      type="button"
      class="button quiet icon-only small"
      aria-label={t.ask.removeFile(name)}
      onClick={remove}
    >
      <Icon name="cross" />
    </button>
  );
}

function Sending({ row }: { row: Running }) {
  const percent = Math.round(row.share * 100);
  return (
    <li class={row.problem ? 'file-row bad' : 'file-row'}>
      {row.problem ? <Sign tone="high" /> : <Icon name="file" />}
      <span class="file-name" role={row.problem ? 'alert' : undefined}>
        <Said text={row.problem || row.name} />
      </span>
      {!row.problem && (
        <progress max={100} value={percent} aria-label={t.ask.uploading(row.name, percent)} />
      )}
      <RemoveButton name={row.name} remove={row.abort} />
    </li>
  );
}

export function Files({ problem }: { problem: string }) {
  const field = useRef<HTMLInputElement>(null);
  const choose = () => {
    addFiles(Array.from(field.current?.files ?? []));
    if (field.current) field.current.value = '';
  };
  const most = me.value?.settings.max_upload_bytes ?? 0;
  return (
    <div class="files">
      <ul>
        {draft.value.files.map((file) => (
          <Done key={file.id} file={file} />
        ))}
        {uploads.value.map((row) => (
          <Sending key={row.key} row={row} />
        ))}
      </ul>
      <label class={dropping.value ? 'drop-place over' : 'drop-place'}>
        <input
          ref={field}
          type="file"
          class="unseen"
          multiple
          onChange={choose}
          accept={kinds.map((kind) => `.${kind}`).join(',')}
          aria-describedby="files-problem"
        />
        <Icon name="file" />
        <span>
          {dropping.value ? t.ask.dropHere : t.ask.addFile}{' '}
          <span class="dim">{t.ask.addFileHint(most)}</span>
        </span>
      </label>
      <p class="problem" id="files-problem" role="alert">
        {problem}
      </p>
    </div>
  );
}
