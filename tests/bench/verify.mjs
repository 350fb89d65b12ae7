// How fast `countersign audit verify` makes a whole history anew: real jobs of the sandbox that
// runs nothing, with their decisions, seals and heads. VERIFY_ROWS audit rows (500,000).
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, until } from '../flow/stack.mjs';
import { prepareNoop } from './prepare.mjs';
import { approveAll, submitBatches, TRIVIAL, workedOff } from './start.mjs';

const ROWS = Number(process.env.VERIFY_ROWS ?? 500000);
const AT_ONCE = 4000;
const run = promisify(execFile);

export async function fill(bench, say) {
    const one = async (sql) => (await bench.stack.psql('superuser', sql))[0].n;
    for (let rows = 0; rows < ROWS;) {
        const made = await submitBatches(bench, TRIVIAL, AT_ONCE);
        await approveAll(bench, made);
        await workedOff(bench, made);
        rows = await one('select count(*)::int as n from cs.audit_event');
        say(`${rows} audit rows`);
    }
    await bench.stack.halt('worker'); // whose goodbye is a row, too
    await until(async () => await one(`select count(*)::int as n from cs.audit_event
        where xid >= (select max(xid_to) from cs.audit_seal)`) === 0, 'seals');
    await bench.stack.psql('superuser', 'vacuum analyze');
    await bench.stack.halt('api');
}

/** `words` may name what an earlier round checked. */
export async function verifyRound(bench, words = []) {
    const { PATH } = process.env;
    const { stdout } = await run(path.join(build, 'countersign'), ['audit', 'verify', ...words], {
        env: { PATH, VERIFIER_DATABASE_URL: bench.stack.database.verifier,
               ...bench.stack.state.files } });
    const [, events, rows, seconds] =
        /^(\d+) audit rows, (\d+) rows in all, ([\d.]+) s/.exec(stdout).map(Number);
    return { events: events / seconds, rows: rows / seconds, million: 1e6 * seconds / events };
}

export async function measureVerify(found, { rounds, say }) {
    const bench = await prepareNoop();
    const checked = ['--checked', path.join(bench.stack.data, 'checked')];
    Object.assign(found, { verify: [], verifyChecked: [] });
    try {
        await fill(bench, say);
        await verifyRound(bench, checked);
        for (let round = 1; round <= rounds; round++) {
            found.verify.push(await verifyRound(bench));
            found.verifyChecked.push(await verifyRound(bench, checked));
            say(`round ${round} of ${rounds}: ${Math.round(found.verify.at(-1).rows)} rows/s, `
                + `${Math.round(found.verifyChecked.at(-1).rows)} with signatures checked earlier`);
        }
    } finally {
        await bench.stack.stop();
    }
}

export function verifyTally(tally, { verify, verifyChecked }) {
    const of = (name, rounds = verify) => rounds.map((round) => round[name]);
    tally.add('verify', 'audit verify: rows of all tables', 'per s', of('rows'), { least: 200000 });
    tally.add('verify-checked', 'audit verify --checked: rows of all tables', 'per s',
        of('rows', verifyChecked), { least: 200000 });
    tally.add('verify-checked-events', 'audit verify --checked: audit rows', 'per s',
        of('events', verifyChecked));
    tally.add('verify-events', 'audit verify: audit rows', 'per s', of('events'));
    tally.add('verify-million', 'audit verify: a million audit rows', 's', of('million'),
        { most: 15 });
}
