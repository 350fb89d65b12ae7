// Compares two versions line by line: longest common subsequence, nothing left out.
export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  before: number | null;
  after: number | null;
}

export interface Diff {
  lines: DiffLine[];
  added: number;
  removed: number;
  // Too long for the exact way: the middle is shown as all old, then all new.
  coarse: boolean;
}

const mostCells = 16_000_000;

function lengths(old: string[], now: string[]): Uint16Array {
  const width = now.length + 1;
  const table = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      table[at] =
        old[i] === now[j]
          ? (table[at + width + 1] ?? 0) + 1
          : Math.max(table[at + width] ?? 0, table[at + 1] ?? 0);
    }
  return table;
}

type Step = 'same' | 'added' | 'removed';

function exactSteps(old: string[], now: string[]): Step[] {
  const table = lengths(old, now);
  const width = now.length + 1;
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      steps.push('same');
      i += 1;
      j += 1;
    } else if ((table[(i + 1) * width + j] ?? 0) >= (table[i * width + j + 1] ?? 0)) {
      steps.push('removed');
      i += 1;
    } else {
      steps.push('added');
      j += 1;
    }
  }
  return [...steps, ...fill(old.length - i, 'removed'), ...fill(now.length - j, 'added')];
}

function fill(count: number, step: Step): Step[] {
  return new Array<Step>(count).fill(step);
}

export function diffLines(before: string, after: string): Diff {
  const old = before.split('\n');
  const now = after.split('\n');
  // A line end at the end of both starts no line of its own.
  if (old.at(-1) === '' && now.at(-1) === '') {
    old.pop();
    now.pop();
  }
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  const shorter = Math.min(old.length, now.length) - head;
  while (tail < shorter && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const oldMiddle = old.slice(head, old.length - tail);
  const nowMiddle = now.slice(head, now.length - tail);
  const coarse = (oldMiddle.length + 1) * (nowMiddle.length + 1) > mostCells;
  const middle = coarse
    ? [...fill(oldMiddle.length, 'removed'), ...fill(nowMiddle.length, 'added')]
    : exactSteps(oldMiddle, nowMiddle);
  return number(old, now, [...fill(head, 'same'), ...middle, ...fill(tail, 'same')], coarse);
}

function number(old: string[], now: string[], steps: Step[], coarse: boolean): Diff {
  let i = 0;
  let j = 0;
  const lines = steps.map((kind): DiffLine => {
    const text = (kind === 'removed' ? old[i] : now[j]) ?? '';
    const before = kind === 'added' ? null : ++i;
    const after = kind === 'removed' ? null : ++j;
    return { kind, text, before, after };
  });
  const count = (kind: Step) => steps.filter((step) => step === kind).length;
  return { lines, added: count('added'), removed: count('removed'), coarse };
}
