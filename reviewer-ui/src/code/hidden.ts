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
// Their signs look like no Latin letter.
const eastern = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
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
      const letter = /\p{L}/u.test(char);
      const other = mixed && letter && !/\p{Script=Latin}/u.test(char) && !eastern.test(char);
      const form = letter && char > '\u00ff' && /^[!-~]$/.test(char.normalize('NFKC'));
      if (other || form) marks.push({ start: at, end: at + char.length, label: codeLabel(char) });
      at += char.length;
    }
  }
}

// Punctuation that turns into an ASCII sign, such as the Greek question mark. Beside letters of
// East Asia the full-width signs are the ordinary ones.
function findPunctuation(text: string, marks: Mark[]): void {
  for (const { 0: char, index } of text.matchAll(/[\p{P}\p{S}]/gu)) {
    if (eastern.test(text[index - 1] ?? '') || eastern.test(text[index + 1] ?? '')) continue;
    if (char > '\u007f' && /^[!-~]$/.test(char.normalize('NFKC')))
      marks.push({ start: index, end: index + char.length, label: codeLabel(char) });
  }
}

// One character of a line, told by its column in code points.
export function markColumn(line: string, column: number): Mark | null {
  let start = 0;
  for (let at = 1; at < column; at += 1) start += (line.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
  const char = String.fromCodePoint(line.codePointAt(start) ?? 0);
  if (start >= line.length || plain.test(char)) return null;
  return { start, end: start + char.length, label: codeLabel(char) };
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
  trailing: boolean;
}

// Long runs of spaces push code out of sight; those at the end of a line are not seen at all.
export function findSpaceRuns(line: string): SpaceRun[] {
  const end = line.search(/[ \t]+$/);
  const body = end < 0 ? line : line.slice(0, end);
  const runs = [...body.matchAll(manySpaces)].map((run) => ({
    start: run.index,
    length: run[0].length,
    trailing: false,
  }));
  if (end >= 0) runs.push({ start: end, length: line.length - end, trailing: true });
  return runs;
}

export function sortMarks(marks: Mark[]): Mark[] {
  marks.sort((a, b) => a.start - b.start || b.end - a.end);
  let end = 0;
  return marks.filter((mark) => {
    const free = mark.start >= end;
    if (free) end = mark.end;
    return free;
  });
}
