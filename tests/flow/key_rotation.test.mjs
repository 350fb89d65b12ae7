// The key that signs decisions is changed while approvals wait: what each of the old key's states,
// and a worker that does not know the new key yet, mean for what was approved.
// Proves: I1 I4 I18
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, startStack, until } from './stack.mjs';

const run = promisify(execFile);
let stack;
let ana;
let rob;
let adm;
let list; // the public keys that the worker knows
let mine; // and the line of each of our keys

before(async () => {
    stack = await startStack();
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    ana = await stack.signIn('ana');
    rob = await stack.signIn('rob');
    adm = await stack.signIn('adm');
    list = stack.state.files.DECISION_KEYS_FILE;
    mine = { first: (await fs.readFile(list, 'utf8')).trim() };
});
after(() => stack?.stop());

const countersign = (...words) => run(path.join(build, 'countersign'), words,
    { env: { PATH: process.env.PATH, DECISION_KEYS_FILE: list } });
const idOf = (line) => line.split(' ')[2];
const know = (...lines) => fs.writeFile(list, lines.map((line) => `${line}\n`).join(''));
const pause = () => adm.post('/api/pauses', { scope: 'all', reason: 'a new key' });
const goOn = () => adm.del('/api/pauses', { scope: 'all' });

async function approve({ id, bundle }) {
    const decided = await rob.post(`/api/requests/${id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: bundle.sha256 });
    assert.equal(decided.status, 200, decided.text);
}

async function approved() {
    const sent = await ana.post('/api/requests', { language: 'python', code: 'print("ran")' });
    await approve({ id: sent.body.id, bundle: { sha256: sent.body.bundle_sha256 } });
    return sent.body.id;
}

async function newKey(name) {
    const file = path.join(path.dirname(list), `../api/${name}.key`);
    const { uid, gid } = await fs.stat(path.join(path.dirname(file), 'decision.key'));
    const { stdout } = await countersign('key', 'create', 'decision', '--out', file);
    await fs.chown(file, uid, gid);
    mine[name] = stdout.trim();
    return file;
}

const sign = (file) => stack.restart('api', { SIGNING_KEY_FILE: file });
const ended = async (id) => (await ana.get(`/api/requests/${id}?wait=60&until=done`)).body;

// Nothing ran, the approval counts no more, everybody is told why, and it can be approved again.
async function isSetAside(id) {
    const request = await until(async () => {
        const { body } = await ana.get(`/api/requests/${id}`);
        return body.state !== 'approved' && body;
    }, 'the refusal');
    assert.equal(request.state, 'pending');
    assert.deepEqual(request.attempts.map(({ state, reason, started_at: started }) => (
        [state, reason, started])), [['cancelled', 'refused: signature', null]]);
    assert.deepEqual(request.decisions.map((one) => one.void), [true]);
    const events = (await stack.psql('auditor', `select event, body from audit_logs
        where entity = 'request' and entity_id = ${id} order by id`));
    assert.equal(events.at(-1).event, 'request.set_aside');
    assert.equal(events.at(-1).body.reason, 'signature');
    return request;
}

test('what a retired key signed before it was retired still runs', async () => {
    await pause();
    const waits = await approved();
    await sign(await newKey('second'));
    await know(mine.first, mine.second);
    await countersign('key', 'retire', idOf(mine.first));
    const fresh = await approved();
    await goOn();
    for (const id of [waits, fresh]) assert.equal((await ended(id)).state, 'succeeded');
});

test('what was signed by a key that is taken out of the list is approved anew', async () => {
    await pause();
    const waits = await approved();
    await sign(await newKey('third'));
    await know(mine.first, mine.third);
    await goOn();
    await approve(await isSetAside(waits));
    assert.equal((await ended(waits)).state, 'succeeded');
});

test('what a retired key signs later does not run', async () => {
    await know(`${mine.third} retired 2026-01-01T00:00:00Z`);
    await isSetAside(await approved());
});

test('a worker that does not know the new key yet starts nothing of it', async () => {
    await know(mine.third);
    await sign(await newKey('fourth'));
    const early = await approved();
    await approve(await isSetAside(early).then(async (request) => {
        await know(mine.third, mine.fourth);
        return request;
    }));
    assert.equal((await ended(early)).state, 'succeeded');
});

test('a list that can not be read lets all wait, and loses none of it', async () => {
    const whole = await fs.readFile(list, 'utf8');
    for (const [what, text] of [['gone', null], ['half written', whole.slice(0, -20)],
        ['of another purpose', whole.replaceAll('decision', 'seal')]]) {
        await (text === null ? fs.rm(list) : fs.writeFile(list, text));
        const before = (await stack.log('worker')).length;
        const waits = await approved();
        await until(async () => /public key/.test((await stack.log('worker')).slice(before)),
                    `a list that is ${what}`);
        assert.equal((await ana.get(`/api/requests/${waits}`)).body.state, 'approved', what);
        await fs.writeFile(list, whole);
        assert.equal((await ended(waits)).state, 'succeeded', what);
    }
});
