// Colours code: highlight.js finds the tokens, this turns them into pieces of lines. No HTML.
import hljs from 'highlight.js/lib/core';
import python from 'highlight.js/lib/languages/python';
import sql from 'highlight.js/lib/languages/sql';
import type { Finding } from '../base/types';
import { findMarks, findSpaceRuns, markColumn, sortMarks, type Mark } from './hidden';

hljs.registerLanguage('python', python);
hljs.registerLanguage('sql', sql);

export interface Piece {
  text: string;
  tone: string;
  // A hidden character's label, or how many spaces stand here.
  mark?: string;
  spaces?: number;
  // Spaces at the end of a line.
  trailing?: boolean;
}

interface Node {
  scope?: string;
  children: (Node | string)[];
}

const tones: Record<string, string> = {
  keyword: 'k',
  built_in: 'k',
  literal: 'k',
  type: 'k',
  operator: '',
  string: 's',
  subst: '',
  regexp: 's',
  number: 'n',
  comment: 'c',
  doctag: 'c',
  meta: 'f',
  title: 'f',
};

interface Token {
  text: string;
  tone: string;
}

function walk(node: Node, tone: string, tokens: Token[]): void {
  for (const child of node.children) {
    if (typeof child === 'string') tokens.push({ text: child, tone });
    else walk(child, tones[(child.scope ?? '').split('.')[0] ?? ''] ?? tone, tokens);
  }
}

function tokenize(code: string, language: string): Token[] {
  if (!hljs.getLanguage(language)) return [{ text: code, tone: '' }];
  const result = hljs.highlight(code, { language, ignoreIllegals: true });
  const root = (result._emitter as unknown as { rootNode: Node }).rootNode;
  const tokens: Token[] = [];
  walk(root, '', tokens);
  // Colours are a help; the code itself must be exact.
  const same = tokens.map((token) => token.text).join('') === code;
  return same ? tokens : [{ text: code, tone: '' }];
}

function splitLines(tokens: Token[]): Token[][] {
  const lines: Token[][] = [[]];
  for (const { text, tone } of tokens) {
    text.split('\n').forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part !== '') lines.at(-1)?.push({ text: part, tone });
    });
  }
  return lines;
}

interface Span extends Mark {
  spaces?: number;
  trailing?: boolean;
}

// What the server found in single characters is marked, too.
function marksOf(line: string, findings: Finding[]): Mark[] {
  const found = findings
    .filter(({ column, end_column: end }) => end === column + 1)
    .map(({ column }) => markColumn(line, column))
    .filter((mark) => mark !== null);
  return found.length ? sortMarks([...findMarks(line), ...found]) : findMarks(line);
}

function spansOf(line: string, findings: Finding[]): Span[] {
  const runs = findSpaceRuns(line).map(({ start, length, trailing }) => ({
    start,
    end: start + length,
    label: '',
    spaces: length,
    trailing,
  }));
  return [...marksOf(line, findings), ...runs].sort((a, b) => a.start - b.start);
}

function extraOf({ spaces, trailing, label }: Span): Partial<Piece> {
  if (trailing) return { trailing };
  return spaces ? { spaces } : { mark: label };
}

function cutPieces(tokens: Token[], spans: Span[]): Piece[] {
  if (spans.length === 0) return tokens;
  const pieces: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const { text, tone } of tokens) {
    let from = 0;
    while (from < text.length) {
      while (spans[next] && (spans[next]?.end ?? 0) <= at + from) next += 1;
      const span = spans[next];
      const inside = span !== undefined && span.start <= at + from;
      const edge = span ? (inside ? span.end : span.start) - at : text.length;
      const part = text.slice(from, Math.min(edge, text.length));
      const extra = inside ? extraOf(span) : {};
      pieces.push({ text: part, tone, ...extra });
      from += part.length;
    }
    at += text.length;
  }
  return pieces;
}

export interface Painted {
  lines: Piece[][];
  hidden: number;
  longest: number;
}

export function paintCode(code: string, language: string, findings: Finding[] = []): Painted {
  let hidden = 0;
  let longest = 0;
  const here = new Map<number, Finding[]>();
  for (const finding of findings)
    here.set(finding.line, [...(here.get(finding.line) ?? []), finding]);
  const lines = splitLines(tokenize(code, language)).map((tokens, index) => {
    const line = tokens.map((token) => token.text).join('');
    const spans = spansOf(line, here.get(index + 1) ?? []);
    hidden += spans.filter((span) => span.label !== '').length;
    longest = Math.max(longest, line.length);
    return cutPieces(tokens, spans);
  });
  return { lines, hidden, longest };
}
