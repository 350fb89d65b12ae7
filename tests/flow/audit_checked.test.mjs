// `countersign audit verify --checked FILE`: no signature of a decision is checked twice, and what
// was changed is found all the same, be it the history or the file.
// Proves: T25 I13
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import path from 'node:path';
import { openJobs } from './jobs.mjs';
import { ageSeals, allSealed, audit } from './retention.mjs';
import { sealKey, signHead } from './signing.mjs';
import { build, startStack, until } from './stack.mjs';

let stack;
let jobs;
let file; // of all signatures so far
let first; // what was counted when it was made
before(async () => {
    stack = await startStack({ workers: 0 });
    await ageSeals(stack);
    jobs = await openJobs(stack);
    file = path.join(stack.data, 'checked');
    await refuse('print(1)');
    await decide('print(2)', { verdict: 'request_changes', note: 'Say more.' });
    first = await counts();
});
after(() => stack?.stop());

const rows = (sql) => stack.psql('superuser', sql);
const one = async (sql) => (await rows(sql))[0].n;
const verify = (words = ['--checked', file], env = {}) => audit(stack, ['verify', ...words], env);
const heads = async () =>
    (await fs.readFile(stack.state.files.SEAL_HEADS_FILE, 'utf8')).trimEnd().split('\n');

async function decide(code, decision) {
    const { decision_id } = await jobs.decide(await jobs.submit(code), decision);
    await sealed();
    return decision_id;
}
const refuse = (code, other = {}) => decide(code, { verdict: 'reject', note: 'No.', other });

/** Until every row is under a seal, and every seal's head is in the file. */
async function sealed() {
    await allSealed(stack);
    const last = await one('select max(n)::int as n from cs.audit_seal');
    await until(async () => (await heads()).at(-1).split(' ')[2] === String(last), 'its head');
}

/** Changes history as somebody whom no trigger stops. */
const forge = (sql) => stack.psql('superuser', `set session_replication_role = replica; ${sql};
    set session_replication_role = origin`);

/** How many signatures were checked now and earlier, once it is whole. */
async function counts(words, env) {
    const { code, out, said } = await verify(words, env);
    assert.equal(code, 0, out + said);
    const [, now, earlier] =
        /^(\d+) signatures of decisions checked now(?:, (\d+) earlier: up to .*)?$/m.exec(out);
    return [Number(now), earlier && Number(earlier)];
}

/** The same, once all of them are in the file. */
async function counted() {
    await counts();
    return counts();
}

async function isBroken(says, words, env) {
    const { code, out } = await verify(words, env);
    assert.equal(code, 1, out);
    assert.match(out, says);
}

/** The file with other fields than it has, under another name. */
async function other(fields) {
    const name = `${file}.other`;
    const text = JSON.parse(await fs.readFile(file, 'utf8'));
    await fs.writeFile(name, JSON.stringify({ ...text, ...fields }), { mode: 0o600 });
    return ['--checked', name];
}

test('a signature is checked once, and the file says up to where', async () => {
    assert.deepEqual(first, [2, undefined]);
    assert.equal((await fs.stat(file)).mode & 0o777, 0o600);
    const said = JSON.parse(await fs.readFile(file, 'utf8'));
    assert.equal(said.head, (await heads()).at(-1));
    assert.deepEqual([said.format, said.signatures, said.keys.length],
                     ['countersign-checked-v1', 2, 1]);
    assert.deepEqual(await counts(), [0, 2]);
    await refuse('print(3)');
    const { out } = await verify();
    assert.match(out, new RegExp('^1 signatures of decisions checked now, 2 earlier: up to seal '
        + `${said.head.split(' ')[2]}, on \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$`, 'm'));
    assert.deepEqual(await counts(), [0, 3]);
    assert.deepEqual(await counts([]), [3, undefined], 'all of them without the option');
});

test('what no seal covers yet is checked again', async () => {
    const [, n] = await counted();
    await stack.halt('api');
    await jobs.decide(await jobs.submit('print(4)'), { verdict: 'reject', note: 'No.' });
    assert.deepEqual(await counts(), [1, n]);
    assert.deepEqual(await counts(), [1, n]);
    await stack.start('api');
    await sealed();
    assert.deepEqual(await counts(), [1, n]);
    assert.deepEqual(await counts(), [0, n + 1]);
});

test('a decision that is changed after it was checked is found, and the file stays', async () => {
    const n = await counted();
    const was = await fs.readFile(file, 'utf8');
    await rows('create table public.kept as select * from cs.decision');
    for (const [column, value] of [['verdict', "'approve'"], ['signature', "sha256('x')"],
                                   ['needed', 'needed + 1'], ['key_id', "'0123456789abcdef'"]]) {
        await forge(`update cs.decision set ${column} = ${value} where id = 1`);
        await isBroken(/^broken: decision 1: is not as the audit trail has it$/m);
        await forge(`update cs.decision d set ${column} = k.${column} from public.kept k
            where k.id = d.id and d.id = 1`);
    }
    await rows('drop table public.kept');
    assert.equal(await fs.readFile(file, 'utf8'), was);
    assert.deepEqual(await counts(), n);
});

test('a key that was retired, or struck from the list, since then decides nothing', async () => {
    const own = (await fs.readFile(stack.state.files.DECISION_KEYS_FILE, 'utf8')).trim();
    const list = path.join(stack.data, 'retired.pub');
    await fs.writeFile(list, `${own} retired 2026-01-01T00:00:00Z\n`);
    await isBroken(/^broken: decision 1: is signed by a key that was retired before$/m, undefined,
                   { DECISION_KEYS_FILE: list });
    await fs.rm(list);
    await promisify(execFile)(path.join(build, 'countersign'), ['key', 'create', 'decision',
        '--out', path.join(stack.data, 'other.key'), '--list', list]);
    await isBroken(/^broken: decision 1: is signed by no key that may decide$/m, undefined,
                   { DECISION_KEYS_FILE: list });
});

test('a file that is not about this history is found out', async () => {
    const head = (await heads()).at(-1);
    const key = sealKey(stack);
    const forged = (words) => signHead(key, head, words);
    const n = Number(head.split(' ')[2]);
    for (const [line, says] of [
        [head.replace(/.$/, (c) => (c === '0' ? '1' : '0')), /is signed by no key that may seal$/m],
        [forged({ 1: '00000000-0000-0000-0000-000000000000' }), /is of another database$/m],
        [forged({ 9: '5'.repeat(64) }), /is not the one that is here$/m],
        [forged({ 3: 2 }), /seal \d+ of epoch 2, which the file names, is not the one/m],
        [forged({ 2: n + 7 }), /is missing: this is an older or a shortened history$/m]])
        await isBroken(says, await other({ head: line }));
});

test('a file that says more than was checked is found out', async () => {
    const [, n] = await counted();
    const was = await fs.readFile(file, 'utf8');
    await refuse('print(5)');
    await isBroken(/covers more decisions than it says were checked$/m,
                   await other({ head: (await heads()).at(-1) }));
    assert.deepEqual(await counts(await other({ keys: ['0123456789abcdef'] })), [n + 1, 0],
                     'by a key of which it does not say that it counted');
    assert.equal(await fs.readFile(file, 'utf8'), was);
    assert.deepEqual(await counts(), [1, n]);
});

test('a file that is none is a wrong word, and is left as it is', async () => {
    for (const [text, says] of [['', /is empty/], ['{', /line 1/], ['[]', /a JSON object/],
                                ['{}', /format is missing/], [' '.repeat(9000), /too long/]]) {
        await fs.writeFile(`${file}.other`, text, { mode: 0o600 });
        const { code, said } = await verify(['--checked', `${file}.other`]);
        assert.equal(code, 64, said);
        assert.match(said, says);
        assert.ok(said.includes('--checked: ') && said.includes('.other'), said);
        assert.equal(await fs.readFile(`${file}.other`, 'utf8'), text);
    }
    for (const [fields, says] of [[{ format: 'x' }, /format must be/], [{ head: 'x' }, /head is/],
                                  [{ keys: [] }, /keys must be 1 to/], [{ more: 1 }, /more is not/],
                                  [{ keys: ['x'] }, /keys\[0\] is no id/],
                                  [{ signatures: -1 }, /signatures must be/],
                                  [{ checked_ms: 'x' }, /checked_ms must be an integer/]]) {
        const { code, said } = await verify(await other(fields));
        assert.equal(code, 64, said);
        assert.match(said, says);
    }
    const { code, said } = await verify(['--checked', file, '--offline', stack.data]);
    assert.equal(code, 64);
    assert.match(said, /give no --checked/);
});

test('a file that others can write, a link, or no file at all is a wrong word', async () => {
    await other({});
    const name = `${file}.other`;
    for (const [make, says] of [[() => fs.chmod(name, 0o620), /can be written by others/],
                                [() => fs.chown(name, 65534, 65534), /belongs to somebody else/],
                                [() => fs.rm(name).then(() => fs.symlink(file, name)), /is a link/],
                                [() => fs.rm(name).then(() => fs.mkdir(name)), /is no file/]]) {
        await make();
        const { code, said } = await verify(['--checked', name]);
        assert.equal(code, 64, said);
        assert.match(said, says);
    }
    await fs.rmdir(name);
});

test('a file that can not be written ends with 3, and nothing is said to be whole', async () => {
    const { code, out, said } = await verify(['--checked', '/nonexistent/checked']);
    assert.equal(code, 3, out);
    assert.doesNotMatch(out, /^whole$/m);
    assert.match(said, /can not write \/nonexistent\/checked/);
});

// Whoever has the api's role has a trail that agrees with it, and seals over it.
test('a decision that nobody signed is found when it is new', async () => {
    const was = await fs.readFile(file, 'utf8');
    const id = await refuse('print(6)', { signature: '5'.repeat(128) });
    await isBroken(new RegExp(`^broken: decision ${id}: says what its signature does not$`, 'm'));
    assert.equal(await fs.readFile(file, 'utf8'), was);
    await forge(`delete from cs.decision where id = ${id}`);
    await isBroken(new RegExp(`^broken: decision ${id}: is missing$`, 'm'));
});
