// How long the rules take to judge Python, beside tree-sitter alone on the same bytes: 256 KiB, and
// 2 KiB as most programs have; and one SELECT of 32 and of 256 KiB. Processor time, in turn, round
// by round.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, root, startStack } from '../flow/stack.mjs';
import { samples } from '../policy/corpus.mjs';

const sizes = [{ name: '256k', bytes: 256 << 10, times: 3 },
               { name: '2k', bytes: 2 << 10, times: 300 }];
const queries = [{ name: 'sql32k', bytes: 32 << 10, times: 10 },
                 { name: 'sql256k', bytes: 256 << 10, times: 3 }];
const run = promisify(execFile);

/** Harmless samples one after the other, of that many bytes or a line less. */
function joined(bytes) {
    const all = samples('python', 'harmless').map(({ code }) => code.replace(/\n*$/, '\n'));
    const text = Buffer.from(all.join('')).subarray(0, bytes);
    return text.subarray(0, text.lastIndexOf(10) + 1);
}

/** One SELECT of so many bytes or a column less. */
function longSelect(bytes) {
    const column = (n) => `  sum(case when a.c${n} > ${n} then a.c${n} * 2 else 0 end) as s${n},\n`;
    const end = '  count(*) as n\nfrom orders a\n';
    let text = 'select\n';
    for (let n = 0; text.length + column(n).length + end.length <= bytes; n++) text += column(n);
    return text + end;
}

async function judged(folder, file, times) {
    const words = ['--rules', path.join(folder, 'rules.json'), '--check', file,
                   '--repeat', String(times)];
    // It ends with 1 when the rules would have a person look.
    const { stdout } = await run(path.join(build, 'countersign-policy'), words)
        .catch((error) => (error.code === 1 ? error : Promise.reject(error)));
    const verdict = JSON.parse(stdout);
    if (verdict.findings.some(({ rule }) => ['sql.unread', 'sql.spelled'].includes(rule)))
        throw new Error(`${file} was not read as it is, which takes another time`);
    return verdict.microseconds;
}

async function parsed(file, times) {
    const { stdout } = await run(path.join(root, 'build/bench/parse'), [file, String(times)]);
    return Number(stdout);
}

export async function measureJudge(found, { rounds, say }) {
    const stack = await startStack({ api: false, workers: 0 });
    const folder = mkdtempSync(path.join(tmpdir(), 'countersign-bench-judge-'));
    found.judge = [];
    try {
        const [{ rules }] = await stack.psql('api', 'select cs.policy_rules() as rules');
        writeFileSync(path.join(folder, 'rules.json'), JSON.stringify(rules));
        for (const { name, bytes } of sizes)
            writeFileSync(path.join(folder, `${name}.py`), joined(bytes));
        for (const { name, bytes } of queries)
            writeFileSync(path.join(folder, `${name}.sql`), longSelect(bytes));
        for (let round = 1; round <= rounds; round++) {
            const times = {};
            for (const { name, times: repeat } of sizes) {
                const file = path.join(folder, `${name}.py`);
                times[name] = { judged: await judged(folder, file, repeat),
                                parsed: await parsed(file, repeat) };
            }
            for (const { name, times: repeat } of queries)
                times[name] = await judged(folder, path.join(folder, `${name}.sql`), repeat);
            found.judge.push(times);
            say(`round ${round} of ${rounds}: ${JSON.stringify(times)}`);
        }
    } finally {
        await stack.stop();
        rmSync(folder, { recursive: true });
    }
}

export function judgeTally(tally, { judge: rounds }) {
    const each = (pick) => rounds.map(pick);
    tally.add('judge.python', 'judging 256 KiB of Python', 'ms',
        each((r) => r['256k'].judged / 1000), { most: 50 });
    tally.add('judge.parse', 'tree-sitter alone on the same', 'ms',
        each((r) => r['256k'].parsed / 1000));
    tally.add('judge.of_parse', 'judging ÷ tree-sitter alone', 'ratio',
        each((r) => r['256k'].judged / r['256k'].parsed), { most: 1.3 });
    tally.add('judge.small', 'judging 2 KiB of Python', 'us', each((r) => r['2k'].judged));
    tally.add('judge.small_parse', 'tree-sitter alone on the same', 'us',
        each((r) => r['2k'].parsed));
    tally.add('judge.sql_32k', 'judging a SELECT of 32 KiB', 'ms',
        each((r) => r.sql32k / 1000), { most: 50 });
    tally.add('judge.sql_256k', 'judging a SELECT of 256 KiB', 'ms',
        each((r) => r.sql256k / 1000), { most: 300 });
}
