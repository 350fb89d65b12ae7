// `countersign audit verify` and the signatures of decisions, which no role of the database makes.
// Proves: T5
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openJobs } from './jobs.mjs';
import { build, startStack, until } from './stack.mjs';

const READ = 'test.medium:1:1';
const TO_READ = JSON.stringify({ level: 'medium', policy_version: 1, findings: [{
    rule: 'test.medium', level: 'medium', line: 1, column: 1, end_column: 2, title: 'Look',
    explanation: '' }] });
const countersign = path.join(build, 'countersign');
let stack;
let jobs;
before(async () => {
    stack = await startStack({ workers: 1 });
    jobs = await openJobs(stack);
    await jobs.approve(await jobs.submit('print(1)'));
    await jobs.decide(await jobs.submit('print(2)'), { verdict: 'reject', note: 'No.' });
    await jobs.decide(await jobs.submit('print(3)', { verdict: TO_READ }),
        { acknowledged: [READ] });
    await sealed();
});
after(() => stack?.stop());

const sealed = () => until(async () => (await stack.psql('superuser', `select count(*)::int as n
    from cs.audit_event where xid >= coalesce((select max(xid_to) from cs.audit_seal), '0')`))[0].n
    === 0, 'seals');

function verify(env = {}) {
    const settings = { PATH: process.env.PATH, VERIFIER_DATABASE_URL: stack.database.verifier,
                       ...stack.state.files, ...env };
    return new Promise((done) => {
        execFile(countersign, ['audit', 'verify'], { env: settings },
            (error, out, said) => done({ code: error?.code ?? 0, out, said }));
    });
}

/** A file of public keys of decisions with other lines than the stack's. */
async function keys(name, lines) {
    const file = path.join(stack.data, name);
    await fs.writeFile(file, lines.join('\n'));
    return { DECISION_KEYS_FILE: file };
}
const own = async () => (await fs.readFile(stack.state.files.DECISION_KEYS_FILE, 'utf8')).trim();

test('approvals and refusals that the api signed are whole', async () => {
    const answer = await verify();
    assert.equal(answer.code, 0, answer.out + answer.said);
});

test('a key that is not in the list, or was retired before, decides nothing', async () => {
    const list = path.join(stack.data, 'other.pub');
    await promisify(execFile)(countersign, ['key', 'create', 'decision', '--out',
        path.join(stack.data, 'other.key'), '--list', list]);
    const unknown = await verify({ DECISION_KEYS_FILE: list });
    assert.equal(unknown.code, 1);
    assert.match(unknown.out, /^broken: decision 1: is signed by no key that may decide$/m);
    const retired = await verify(await keys('retired.pub',
        [`${await own()} retired 2026-01-01T00:00:00Z`]));
    assert.equal(retired.code, 1);
    assert.match(retired.out, /^broken: decision 1: is signed by a key that was retired before$/m);
    assert.equal((await verify(await keys('later.pub',
        [`${await own()} retired 2999-01-01T00:00:00Z`]))).code, 0);
});

test('without the list of keys nothing is said to be whole', async () => {
    for (const [file, says] of [['', /DECISION_KEYS_FILE is not set/],
                                ['/nonexistent', /public keys \/nonexistent can not be read/],
                                [stack.state.files.SEAL_KEYS_FILE, /no public key for decision/]]) {
        const answer = await verify({ DECISION_KEYS_FILE: file, DATA_DIR: '/nonexistent' });
        assert.equal(answer.code, 3, answer.out);
        assert.match(answer.said, says);
    }
});

// Whoever has the api's role in the database has a trail that agrees with it, and seals over it.
async function isFound(request, other) {
    const { decision_id } = await jobs.decide(request, { other });
    await sealed();
    const answer = await verify();
    assert.equal(answer.code, 1);
    assert.ok(answer.out.startsWith(
        `broken: decision ${decision_id}: says what its signature does not\n`), answer.out);
}

test('a decision that nobody signed is found, though the trail has it and it is sealed',
    async () => isFound(await jobs.submit('print(4)'), { signature: '5'.repeat(128) }));

test('nor does anybody acknowledge in the name of who signed', async () => {
    await stack.stop();
    stack = await startStack({ workers: 0 });
    jobs = await openJobs(stack);
    await isFound(await jobs.submit('print(5)', { verdict: TO_READ }), { acknowledged: [READ] });
});
