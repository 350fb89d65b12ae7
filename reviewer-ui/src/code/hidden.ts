// Finds what a reader of code or text can not see or would take for something else.
export interface Mark {
  start: number;
  end: number;
  label: string;
}

// Controls, format characters, odd spaces, private use, unassigned, lone surrogates,
// and everything that Unicode allows a font to draw as nothing.
const unseen =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\p{M}{3,}/gu;
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?)/g;
const words = /[\p{L}\p{M}\p{N}_]+/gu;
const plain = /^[\x20-\x7e\n\t]*$/;
const manySpaces = / {30,}/g;

function codeLabel(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

function findUnseen(text: string, marks: Mark[]): void {
  for (const { 0: found, index } of text.matchAll(unseen)) {
    if (found === ' ' || found === '\n' || found === '\t') continue;
    if (marks.some((mark) => index >= mark.start && index < mark.end)) continue;
    marks.push({ start: index, end: index + found.length, label: codeLabel(found) });
  }
}

// A letter from another script inside a word with Latin letters, or a letter that is only
// another form of an ASCII one, such as a full-width "a".
function findLookalikes(text: string, marks: Mark[]): void {
  for (const { 0: word, index } of text.matchAll(words)) {
    if (plain.test(word)) continue;
    const mixed = /[A-Za-z]/.test(word);
    let at = index;
    for (const char of word) {
      const other = mixed && /\p{L}/u.test(char) && !/\p{Script=Latin}/u.test(char);
      const form = char > '\u007f' && /^[!-~]$/.test(char.normalize('NFKC'));
      if (other || form) marks.push({ start: at, end: at + char.length, label: codeLabel(char) });
      at += char.length;
    }
  }
}

// Punctuation that turns into an ASCII sign, such as the Greek question mark.
function findPunctuation(text: string, marks: Mark[]): void {
  for (const { 0: char, index } of text.matchAll(/[\p{P}\p{S}]/gu)) {
    if (char > '\u007f' && /^[!-~]$/.test(char.normalize('NFKC')))
      marks.push({ start: index, end: index + char.length, label: codeLabel(char) });
  }
}

export function findMarks(text: string): Mark[] {
  if (plain.test(text)) return [];
  const marks: Mark[] = [];
  findUnseen(text, marks);
  findLookalikes(text, marks);
  findPunctuation(text, marks);
  return sortMarks(marks);
}

// Terminal colours and titles in output become one mark each, not a row of signs.
export function findOutputMarks(text: string): Mark[] {
  if (plain.test(text)) return [];
  const marks: Mark[] = [];
  for (const { 0: found, index } of text.matchAll(escapes))
    marks.push({ start: index, end: index + found.length, label: 'ESC' });
  findUnseen(text, marks);
  return sortMarks(marks);
}

export interface SpaceRun {
  start: number;
  length: number;
}

// Long runs of spaces push code out of sight; the indentation of a line is not one.
export function findSpaceRuns(line: string): SpaceRun[] {
  if (line.length < 30) return [];
  return [...line.matchAll(manySpaces)].map((run) => ({ start: run.index, length: run[0].length }));
}

function sortMarks(marks: Mark[]): Mark[] {
  marks.sort((a, b) => a.start - b.start || b.end - a.end);
  let end = 0;
  return marks.filter((mark) => {
    const free = mark.start >= end;
    if (free) end = mark.end;
    return free;
  });
}
