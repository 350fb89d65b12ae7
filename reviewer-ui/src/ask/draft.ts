// What is being written on the ask form, kept on this device for each person.
import { signal } from '@preact/signals';
import { detailOf } from '../base/details';
import { keep, readKept } from '../base/kept';
import { me } from '../base/session';
import type { InputFile } from '../base/types';

export interface Draft {
  question: string;
  language: 'python' | 'sql';
  code: string;
  files: InputFile[];
  wallSeconds: string;
  memoryMb: string;
  retrySafe: boolean;
  // '' goes where the installation sends runs.
  sandbox: string;
  failFast: boolean;
  // The key of the last try and what it sent: the same again must not be doubled.
  key: string;
  sent: string;
  // The request and the version that this would replace.
  revises: { id: number; revision: number } | null;
}

export const emptyDraft: Draft = {
  question: '',
  language: 'python',
  code: '',
  files: [],
  wallSeconds: '',
  memoryMb: '',
  retrySafe: false,
  sandbox: '',
  failFast: false,
  key: '',
  sent: '',
  revises: null,
};

export const draft = signal<Draft>(emptyDraft);

function nameOf(): string {
  return `draft.${me.value?.person.id ?? 0}`;
}

export function openDraft(): void {
  draft.value = { ...emptyDraft, ...readKept<Partial<Draft>>(nameOf(), {}) };
}

export function write(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
  keep(nameOf(), isEmpty(draft.value) ? null : draft.value);
}

export function clearDraft(): void {
  write(emptyDraft);
}

// Whether the new version is one of a request that somebody else, not one's own agent, asked for.
export function editsOthers({ revises }: Draft): boolean {
  const author = revises && detailOf(revises.id).value.detail?.author;
  const mine = me.value?.person.id;
  return !!author && author.id !== mine && author.owner?.id !== mine;
}

export function isEmpty({ question, code, files, revises }: Draft): boolean {
  return !question && !code && files.length === 0 && !revises;
}

// Line ends of every system become the one that the api takes.
export function canonicalCode(code: string): string {
  return code.replace(/\r\n?/g, '\n');
}
