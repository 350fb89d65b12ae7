// Samples of code in files by technique, `=====` between two, judged by the shipped program and
// the rules of a real database.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, root } from '../flow/stack.mjs';

const levels = ['none', 'note', 'medium', 'high', 'block'];
export const isRaised = ({ level }) => levels.indexOf(level) > levels.indexOf('note');

/** [{technique, code}] of a language, `dangerous` or `harmless`. */
export function samples(language, kind) {
    const folder = process.env.CORPUS
        ? path.join(process.env.CORPUS, language, kind)
        : path.join(root, 'tests/policy', language, kind);
    return readdirSync(folder).sort().flatMap((file) =>
        readFileSync(path.join(folder, file), 'utf8').split(/^=====\n/m)
            .map((code) => ({ technique: path.parse(file).name, code }))
            .filter(({ code }) => code.trim()));
}

function frame(letter, body) {
    const head = Buffer.alloc(5, letter);
    head.writeUInt32BE(body.length, 1);
    return Buffer.concat([head, body]);
}

/** One running child, asked one thing at a time. */
export class Judge {
    constructor() {
        this.child = spawn(path.join(build, 'countersign-policy'),
            { stdio: ['pipe', 'pipe', 'inherit'] });
        this.bytes = Buffer.alloc(0);
        this.ended = new Promise((done) => this.child.on('close', (code) => {
            this.take?.(null);
            done(code);
        }));
        this.child.stdin.on('error', () => {});
        this.child.stdout.on('data', (part) => {
            this.bytes = Buffer.concat([this.bytes, part]);
            this.look();
        });
    }

    look() {
        if (!this.take || this.bytes.length < 4) return;
        const end = 4 + this.bytes.readUInt32BE(0);
        if (this.bytes.length < end) return;
        const answer = JSON.parse(this.bytes.subarray(4, end).toString());
        this.bytes = this.bytes.subarray(end);
        this.take(answer);
    }

    /** The answer to a frame; null when the child ended instead. */
    ask(letter, body) {
        const answer = new Promise((done) => { this.take = done; });
        this.child.stdin.write(frame(letter, body));
        this.look();
        return answer;
    }

    rules(json) { return this.ask('R', Buffer.from(json)); }
    judge(language, code) {
        return this.ask('J', Buffer.concat([Buffer.from(`${language}\0`), Buffer.from(code)]));
    }

    async stop() {
        this.child.stdin.end();
        return this.ended;
    }
}

/** Counts by technique, and those that were judged wrongly. */
export async function measure(judge, language, kind) {
    const counts = new Map();
    const wrong = [];
    const list = samples(language, kind);
    for (const { technique, code } of list) {
        const verdict = await judge.judge(language, code);
        const count = counts.get(technique) ?? { samples: 0, raised: 0 };
        count.samples++;
        count.raised += isRaised(verdict);
        counts.set(technique, count);
        if (isRaised(verdict) !== (kind === 'dangerous')) wrong.push({ technique, code, verdict });
    }
    return { counts, wrong, total: list.length, rate: wrong.length / list.length };
}

/** Lines for a person. */
export function describe(language, kind, { counts, wrong, total, rate }) {
    const rows = [...counts].map(([technique, { samples: n, raised }]) =>
        `  ${technique.padEnd(28)} ${String(raised).padStart(4)} of ${n} raised`);
    const misses = wrong.map(({ technique, code, verdict }) =>
        `  ${technique}: ${JSON.stringify(code.slice(0, 300))} `
        + verdict.findings.map(({ rule, what, level }) => `${level} ${rule} ${what}`).join('; '));
    const percent = (100 * (kind === 'dangerous' ? 1 - rate : rate)).toFixed(2);
    const word = kind === 'dangerous' ? 'found' : 'raised above note';
    return [`${language} ${kind}: ${percent} % of ${total} ${word}`, ...rows, ...misses].join('\n');
}
