// What was changed behind the product's back, by a superuser with every trigger off, does not
// run: the worker or the start refuses it, the audit trail says so, and no byte leaves.
// Proves: T3 T6 I1 I8
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { signDecision } from './signing.mjs';
import { startStack, until } from './stack.mjs';
import { services } from '../fake/services.mjs';
import { openJobs } from './jobs.mjs';

const played = [];
let stack;
let jobs;
let folder;

before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'countersign-refuses-'));
    for (const service of services) played.push({ ...service, fake: await service.start() });
    stack = await startStack({ api: false, env: { HEARTBEAT_MS: '2000', LEASE_MS: '10000',
        ...Object.assign({}, ...played.map(({ fake }) => fake.env)) } });
    jobs = await openJobs(stack);
});
after(async () => {
    await stack?.stop();
    for (const { fake } of played) await fake.stop();
    await rm(folder, { recursive: true });
});

// Approves with a window in which nothing may start, changes something, and ends the window.
async function tampered(code, options, change) {
    const request = await jobs.submit(code, options);
    const run = await jobs.approve(request, 60);
    const sql = await change(request, run);
    await stack.psql('superuser', `set session_replication_role = replica; ${sql};
        update cs.attempt set not_before = clock_timestamp() where id = ${run.attempt_id}`);
    await jobs.ring(run.attempt_id);
    return run;
}

async function isRefused(run, field) {
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'cancelled', JSON.stringify(attempt));
    assert.notEqual(attempt.request_state, 'running');
    assert.equal(attempt.started_at, null);
    const refusals = (await jobs.events(run.id)).filter((e) => e.event === 'attempt.refused');
    assert.equal(refusals.length, 1);
    assert.equal(refusals[0].body.reason, field);
    assert.equal((await jobs.starts()).has(run.attempt_id), false);
    const [{ n }] = await stack.psql('superuser',
        `select count(*)::int as n from cs.output_chunk where attempt_id = ${run.attempt_id}`);
    assert.equal(n, 0);
}

test('other code', async () => {
    const run = await tampered("print('approved')", {}, (request) => (
        `update cs.revision set code = 'print(''swapped'')' where request_id = ${request.id}`));
    await isRefused(run, 'digest');
});

test('other code, with a digest that fits it', async () => {
    const run = await tampered("print('approved')", {}, (request) => (
        `update cs.revision set code = 'print(''swapped'')' where request_id = ${request.id};
         update cs.revision set bundle_sha256 = cs.bundle_digest(request_id, revision)
         where request_id = ${request.id}`));
    await isRefused(run, 'signature');
});

test('other bytes in an input file', async () => {
    const file = await jobs.upload('orders.csv', 'item,amount\nespresso,3\n');
    const run = await tampered('1', { files: [file] }, () => (
        `update cs.blob_chunk set data = convert_to(replace(convert_from(data, 'UTF8'), '3', '4'),
         'UTF8') where sha256 = '\\x${file.sha256}'`));
    await isRefused(run, 'digest');
});

for (const { name } of services) test(`other bytes in an input file for ${name}`, async () => {
    const { fake, image } = played.find((one) => one.name === name);
    const file = await jobs.upload('orders.csv', `item,amount\n${name},3\n`);
    const run = await tampered('1', { files: [file], backend: name, image }, () => (
        `update cs.blob_chunk set data = convert_to(replace(convert_from(data, 'UTF8'), '3', '4'),
         'UTF8') where sha256 = '\\x${file.sha256}'`));
    await isRefused(run, 'digest');
    assert.deepEqual(fake.calls.filter((call) => call.method === 'POST'), []); // no create
});

test('an input file that is cut short, and one that has grown', async () => {
    for (const change of ["substring(data from 1 for 5)", "data || 'more'"]) {
        const file = await jobs.upload('orders.csv', `item,amount\n${change},3\n`);
        const run = await tampered('1', { files: [file] }, () => (
            `update cs.blob_chunk set data = ${change} where sha256 = '\\x${file.sha256}'`));
        await isRefused(run, 'digest');
    }
});

test('an input file that is gone', async () => {
    const file = await jobs.upload('orders.csv', 'item,amount\nristretto,3\n');
    const run = await tampered('1', { files: [file] }, () => (
        `delete from cs.blob_chunk where sha256 = '\\x${file.sha256}'`));
    await isRefused(run, 'digest');
});

test('another name of an input file', async () => {
    const file = await jobs.upload('orders.csv', 'item,amount\ncortado,3\n');
    const run = await tampered('1', { files: [file] }, (request) => (
        `update cs.revision_file set name = 'other.csv' where request_id = ${request.id}`));
    await isRefused(run, 'digest');
});

test('other limits', async () => {
    for (const limit of ['wall_ms', 'memory_bytes', 'pids', 'output_bytes', 'cpu_ms',
        'tmp_bytes', 'max_attempts']) {
        const run = await tampered('1', {}, (request) => (
            `update cs.revision set ${limit} = ${limit} + 1 where request_id = ${request.id}`));
        await isRefused(run, 'digest');
    }
});

test('another language, image, network, team or permission to run twice', async () => {
    for (const change of ["language = 'sql'", "image = 'other'", "network = 'all'",
        'retry_safe = true', "image_digest = ''", 'team_id = team_id + 1',
        'team_id = null']) {
        const run = await tampered('1', {}, (request) => (
            `update cs.revision set ${change} where request_id = ${request.id}`));
        await isRefused(run, 'digest');
    }
});

test('a decision that is gone, or was another verdict', async () => {
    for (const change of ['delete from cs.decision where', "update cs.decision set verdict = "
        + "'reject' where"]) {
        const run = await tampered('1', {}, (request) => `${change} request_id = ${request.id}`);
        await isRefused(run, 'signature');
    }
});

test('a reviewer who may not review any more', async () => {
    const run = await tampered('1', {}, () => (
        `update cs.person set disabled_at = clock_timestamp() where login = 'rob'`));
    try {
        await isRefused(run, 'quorum');
    } finally {
        await stack.psql('superuser', 'set session_replication_role = replica; '
            + "update cs.person set disabled_at = null where login = 'rob'");
    }
});

test('an attempt put in by hand, without any approval', async () => {
    const request = await jobs.submit("print('never approved')");
    await stack.psql('superuser', `set session_replication_role = replica;
        insert into cs.attempt (request_id, revision, round, backend, not_before, valid_until)
        select id, revision, round, backend, clock_timestamp(), clock_timestamp() + interval '1 h'
        from cs.request where id = ${request.id}`);
    const [{ id }] = await stack.psql('superuser',
        `select id from cs.attempt where request_id = ${request.id}`);
    await jobs.ring(id);
    await isRefused({ id: request.id, attempt_id: id }, 'signature');
});

// The columns of a decision that are signed, each by itself; its signature, that of another
// decision, that of a key of one's own; another's decision, and none.
async function forgeries() {
    const other = await jobs.submit("print('another')");
    await jobs.approve(other, 3600);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const id = createHash('sha256').update(raw).digest('hex').slice(0, 16);
    const key = path.join(folder, 'own.key');
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    await writeFile(key,
        `countersign-ed25519-secret-v1 decision ${id} ${seed.toString('base64')}\n`);
    const set = (change) => ({ id: of }) =>
        `update cs.decision set ${change} where request_id = ${of}`;
    const [ofOther] = await stack.psql('superuser', `select id,
        encode(signature, 'hex') as signature from cs.decision where request_id = ${other.id}`);
    const signedAnew = async (request) => {
        const [d] = await stack.psql('superuser', `select revision, round, reviewer_id, verdict,
            needed, form, acknowledged, encode(bundle_sha256, 'hex') as bundle_sha256,
            cs.millis(decided_at) as decided_ms, cs.millis(valid_until) as valid_ms
            from cs.decision where request_id = ${request.id}`);
        const { signature } = signDecision(key, { ...d, request_id: request.id });
        return set(`signature = '\\x${signature}', key_id = '${id}'`)(request);
    };
    return [
        set(`reviewer_id = ${jobs.people.ana}`), set('round = round + 1'),
        set("verdict = 'reject'"), set('needed = needed + 1'),
        set("decided_at = decided_at - interval '1 ms'"),
        set("valid_until = valid_until + interval '1 day'"), set("key_id = '0123456789abcdef'"),
        set('signature = null'), set('form = 1'),
        set(`acknowledged = '["py.import:1:1"]'`), set("acknowledged = '{}'"),
        set('signature = set_byte(signature, 63, 1 # get_byte(signature, 63))'),
        set(`signature = '\\x${ofOther.signature}'`), signedAnew,
        ({ id: of }, run) => `update cs.attempt_decision set decision_id = ${ofOther.id}
            where attempt_id = ${run.attempt_id}`,
        (_, run) => `delete from cs.attempt_decision where attempt_id = ${run.attempt_id}`,
    ];
}

test('a database that says yes to every start: the worker still refuses', async () => {
    const [{ was }] = await stack.psql('superuser',
        "select pg_get_functiondef('cs.start_attempts(jsonb)'::regprocedure) as was");
    await stack.psql('superuser', `create or replace function cs.start_attempts(items jsonb)
        returns table (n int, result jsonb) language sql security definer as $$
        select (e.ordinality - 1)::int, '{"ok": true}'::jsonb
        from jsonb_array_elements(items) with ordinality e $$`);
    const file = await jobs.upload('orders.csv', 'item,amount\nlungo,3\n');
    const changes = [
        ({ id }) => `update cs.revision set code = 'print(2)' where request_id = ${id}`,
        ({ id }) => `update cs.revision set pids = pids + 1 where request_id = ${id}`,
        ({ id }) => `update cs.revision set bundle_sha256 = sha256('x') where request_id = ${id}`,
        ...await forgeries(),
        () => `update cs.blob_chunk set data = sha256(data) where sha256 = '\\x${file.sha256}'`,
    ];
    try {
        for (const change of changes) {
            const run = await tampered('print(1)', { files: [file] }, change);
            await until(async () => (await stack.log('worker')).split('\n').some((line) => (
                line.includes('"attempt.refusal_recorded"')
                && JSON.parse(line).attempt === run.attempt_id)), 'the refusal');
            assert.equal((await jobs.starts()).has(run.attempt_id), false);
            assert.equal((await jobs.attempt(run.attempt_id)).state, 'claimed');
        }
    } finally {
        await stack.psql('superuser', was);
    }
});

test('what was not touched still runs', async () => {
    const run = await tampered("print('approved')", {}, () => 'select 1');
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
});
