// What the demo prints: steps, times, code with line numbers, tables. At most 100 columns wide.
const WIDTH = 96;
const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const green = paint(32);

const out = (text = '') => process.stdout.write(text + '\n');

let steps = 0;
export function step(title) {
    steps += 1;
    out();
    out(bold(`${String(steps).padStart(2)}  ${title}`));
}

export const say = (text = '') => out(text ? `    ${text}` : '');
export const good = (text) => out(`    ${green(text)}`);

/** A line of what happened, with the wall clock in front. */
export function happened(text, at = new Date()) {
    out(`    ${dim(clock(at))}  ${text}`);
}

export function clock(at) {
    return new Date(at).toISOString().slice(11, 23);
}

export function heading(left, right) {
    out(bold(left) + right.padStart(WIDTH - left.length));
    out('='.repeat(WIDTH));
}

export function code(text) {
    const lines = text.replace(/\n$/, '').split('\n');
    const digits = String(lines.length).length;
    lines.forEach((line, i) => out(`    ${dim(`${String(i + 1).padStart(digits)} |`)} ${line}`));
}

/** Output of a program, in lines that fit. */
export function quote(text) {
    const room = WIDTH - 12;
    for (const line of text.trimEnd().split('\n')) {
        let rest = line;
        while (rest.length > room) {
            const space = rest.lastIndexOf(' ', room);
            const end = space > room / 2 ? space : room;
            out(`      | ${rest.slice(0, end)}`);
            rest = `  ${rest.slice(end).trimStart()}`;
        }
        out(`      | ${rest}`);
    }
}

/** What people call characters, near enough for our columns. */
const width = (text) => [...text.normalize('NFC')].length;
const pad = (text, size, right) =>
    right ? ' '.repeat(Math.max(0, size - width(text))) + text
          : text + ' '.repeat(Math.max(0, size - width(text)));

/** Rows of texts below names; columns of numbers are aligned to the right. */
export function table(names, rows, { right = [], indent = '    ' } = {}) {
    const sizes = names.map((name, i) =>
        Math.max(width(name), ...rows.map((row) => width(row[i]))));
    const line = (cells) => (indent +
        cells.map((cell, i) => pad(cell, sizes[i], right.includes(i))).join('  ')).trimEnd();
    out(bold(line(names)));
    out(indent + dim(sizes.map((size) => '-'.repeat(size)).join('  ')));
    for (const row of rows) out(line(row));
}

const number = (value, decimals) => {
    const digits = Math.min(decimals, 4);
    return value.toLocaleString('en-US', { minimumFractionDigits: digits,
                                           maximumFractionDigits: digits });
};

/** An answer table as the api gives it: {columns: [{name, type}], rows, total_rows}. */
export function answer({ columns, rows, total_rows: total }) {
    const decimals = columns.map((column, i) => Math.max(...rows.map((row) =>
        typeof row[i] === 'number' ? String(row[i]).split('.')[1]?.length ?? 0 : 0)));
    const texts = rows.map((row) => row.map((value, i) =>
        value === null ? '' : typeof value === 'number' ? number(value, decimals[i])
                                                        : String(value)));
    const right = columns.flatMap((column, i) => (column.type === 'number' ? [i] : []));
    table(columns.map((column) => column.name), texts, { right });
    if (total > rows.length) say(`(${rows.length} of ${total} rows)`);
}

export function bytes(count) {
    const units = ['bytes', 'KiB', 'MiB', 'GiB'];
    let unit = 0;
    for (; count >= 1024 && unit < 3; unit++) count /= 1024;
    return `${Number(count.toFixed(1))} ${units[unit]}`;
}

export const short = (digest) => digest.slice(0, 12);
