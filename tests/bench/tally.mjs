// Figures of several rounds: median, range, the printed table and build/bench.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../flow/stack.mjs';

export function quantile(values, part) {
    const sorted = [...values].sort((a, b) => a - b);
    const place = (sorted.length - 1) * part;
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
}

export const median = (values) => quantile(values, 0.5);

const texts = {
    ratio: (value) => value.toFixed(2),
    'per s': (value) => Math.round(value).toLocaleString('en-US'),
    ms: (value) => value.toFixed(value < 10 ? 2 : 1),
    us: (value) => value.toFixed(0),
    MiB: (value) => value.toFixed(1),
    KiB: (value) => value.toFixed(1),
    s: (value) => value.toFixed(1),
    count: (value) => value.toFixed(0),
};

export class Tally {
    constructor() {
        this.rows = [];
    }

    /** `values`, one per round. `goal` {least} or {most}, or nothing where there is none. */
    add(id, what, unit, values, goal = {}) {
        const value = median(values);
        const { least, most } = goal;
        const ok = least !== undefined ? value >= least : most !== undefined ? value <= most : null;
        this.rows.push({ id, what, value, unit, rounds: values,
                         goal: least !== undefined ? `>= ${least}`
                             : most !== undefined ? `<= ${most}` : null, ok });
    }

    print() {
        const widest = Math.max(...this.rows.map((row) => row.what.length));
        const head = ['what'.padEnd(widest), 'median'.padStart(9), 'range'.padStart(17),
                      'unit '.padStart(6), 'goal'];
        console.log(`\n${head.join('  ')}`);
        for (const { what, value, unit, rounds, goal, ok } of this.rows) {
            const text = texts[unit];
            const range = rounds.length > 1
                ? `${text(Math.min(...rounds))} to ${text(Math.max(...rounds))}` : '';
            console.log([what.padEnd(widest), text(value).padStart(9), range.padStart(17),
                         unit.padEnd(6), goal ? `${goal.padEnd(7)} ${ok ? 'yes' : 'no'}` : '',
            ].join('  ').trimEnd());
        }
    }

    write() {
        const place = path.join(root, 'build/bench.json');
        mkdirSync(path.dirname(place), { recursive: true });
        const list = this.rows.map(({ rounds, ...row }) => ({ ...row, rounds }));
        writeFileSync(place, `${JSON.stringify(list, null, 2)}\n`);
        console.log(`\nwritten to ${path.relative(root, place)}`);
    }
}
