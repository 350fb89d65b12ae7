// Sealing and `countersign audit verify`: what it answers, and heads that left the database.
// Proves: T25 I13 I1
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Jobs, openJobs } from './jobs.mjs';
import { build, startStack, until } from './stack.mjs';

const queries = await fs.readFile(new URL('../../sql/queries/verify.sql', import.meta.url), 'utf8');
let stack;
let jobs;
before(async () => {
    stack = await startStack({ workers: 1 });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

const one = async (sql) => (await stack.psql('superuser', sql))[0].n;
const headsFile = () => stack.state.files.SEAL_HEADS_FILE;
const heads = async () => (await fs.readFile(headsFile(), 'utf8')).trimEnd().split('\n');

/** Until every row is under a seal, and every seal's head is in the file. */
async function sealed() {
    await until(async () => (await one(`select count(*)::int as n from cs.audit_event
        where xid >= coalesce((select max(xid_to) from cs.audit_seal), '0')`)) === 0, 'seals');
    const last = await one('select max(n)::int as n from cs.audit_seal');
    await until(async () => (await heads()).at(-1).split(' ')[2] === String(last), 'its head');
}

function audit(words, env = {}) {
    const settings = { PATH: process.env.PATH, VERIFIER_DATABASE_URL: stack.database.verifier,
                       ...stack.state.files, ...env };
    return new Promise((done) => {
        execFile(path.join(build, 'countersign'), ['audit', ...words], { env: settings },
            (error, out, said) => done({ code: error?.code ?? 0, out, said }));
    });
}

const verify = (words = [], env = {}) => audit(['verify', ...words], env);

/** What verify asks of one run, apart from what else it finds. */
const runs = (attempt) => queries.split('-- name: verify_runs')[1].split('\n').slice(1).join('\n')
    .split(';')[0].replaceAll('$1', attempt - 1).replaceAll('$2', 1);

/** Changes history as somebody whom no trigger stops; returns what takes it back. */
async function forge(sql) {
    await stack.psql('superuser', `set session_replication_role = replica; ${sql};
        set session_replication_role = origin`);
}

test('a history of runs is whole, in the role that reads and nothing else', async () => {
    for (const code of ['print(1)', 'raise 1'])
        await jobs.approve(await jobs.submit(code));
    await until(async () => (await one(`select count(*)::int as n from cs.attempt
        where state in ('succeeded', 'failed')`)) === 2, 'two runs');
    await sealed();
    const answer = await verify();
    assert.equal(answer.code, 0, answer.out + answer.said);
    assert.match(answer.out, /^\d+ audit rows, \d+ rows in all, [\d.]+ s, \d+ rows per second$/m);
    assert.match(answer.out, /^whole$/m);
    const all = await heads();
    assert.ok(answer.out.includes(`newest head: ${all.at(-1)}\n`));
    assert.equal(all.length, await one('select count(*)::int as n from cs.audit_seal'));
});

test('a seal covers whole transactions, in a chain without gaps', async () => {
    assert.equal(await one(`select count(*)::int as n from (select n, xid_from, prev_hash,
        lag(xid_to) over w as "to", lag(hash) over w as hash from cs.audit_seal
        window w as (order by n)) s
        where n > 1 and (xid_from <> "to" or prev_hash <> hash)`), 0);
    assert.equal(await one('select min(xid_from::text)::int as n from cs.audit_seal'), 0);
});

test('no role seals but the sealer, and it does nothing else', async () => {
    for (const role of ['api', 'worker', 'operator', 'auditor', 'verifier'])
        await assert.rejects(stack.psql(role, 'select cs.seal_take(1)'), /permission denied/, role);
    for (const sql of ['select * from cs.audit_event', 'select * from cs.audit_seal',
                       'delete from cs.audit_seal', 'select cs.metrics()'])
        await assert.rejects(stack.psql('sealer', sql), /permission denied/, sql);
    await assert.rejects(stack.psql('superuser', 'delete from cs.audit_seal'), /not allowed/);
});

test('an older copy of the history is found by a head, and not sealed over', async () => {
    for (const code of ['print(3)', 'print(4)']) {
        await jobs.submit(code);
        await sealed();
    }
    const all = await heads();
    await stack.halt('api');
    await stack.psql('superuser', 'create table public.kept as select * from cs.audit_seal');
    await forge(`delete from cs.audit_seal where n = ${all.length}`);
    assert.match((await verify()).out, new RegExp(`^broken: seal ${all.length} is missing, but`));
    assert.match((await verify(['--head', all.at(-1)])).out, /^broken: .* is missing/);
    assert.notEqual((await verify(['--head', all[0]])).code, 1, 'it extends the first head');
    await stack.start('api');
    const newest = () => one('select max(n)::int as n from cs.audit_seal');
    await until(async () => (await stack.log('api')).includes('seal.failed')
        || await newest() === all.length, 'the refusal, or a seal');
    assert.match(await stack.log('api'), /does not have seal \d+ as SEAL_HEADS_FILE has it/);
    assert.equal(await newest(), all.length - 1);
    await forge(`insert into cs.audit_seal select * from public.kept where n = ${all.length};
        drop table public.kept`);
    await jobs.submit('print(3)');
    await sealed();
    assert.equal((await verify()).code, 0);
});

test('a head that a crash kept back, or cut off, is told at the next start', async () => {
    const all = await heads();
    await stack.halt('api');
    await fs.writeFile(headsFile(), `${all.slice(0, -2).join('\n')}\n${all.at(-2).slice(0, 99)}`);
    await stack.start('api');
    await until(async () => (await heads()).at(-1) === all.at(-1), 'the heads');
    const answer = await verify();
    assert.equal(answer.code, 0, answer.out);
    assert.match(answer.out, /^1 lines of the heads are none$/m);
});

test('a head that somebody else signed, or that is none, says so', async () => {
    const line = (await heads())[0];
    const forged = await verify(['--head', line.replace(/.$/, (c) => (c === '0' ? '1' : '0'))]);
    assert.equal(forged.code, 1);
    assert.match(forged.out, /^broken: the head of seal 1 is signed by no key/);
    for (const head of ['/nonexistent', 'countersign-seal-v1 what', '/dev/null']) {
        const none = await verify(['--head', head]);
        assert.equal(none.code, 3, none.out);
        assert.match(none.said, /head/);
    }
});

test('what can not be read ends with 3, and a wrong word with 64', async () => {
    for (const env of [{ VERIFIER_DATABASE_URL: 'host=/nonexistent' },
                       { SEAL_KEYS_FILE: '/nonexistent' },
                       { VERIFIER_DATABASE_URL: stack.database.auditor }])
        assert.equal((await verify([], env)).code, 3, JSON.stringify(env));
    assert.equal((await verify(['now'])).code, 64);
    assert.equal((await verify(['--hat', 'x'])).code, 64);
    const help = await verify(['--help']);
    assert.match(help.out, /exit 0, 1 broken, 2 unsealed > 10 s, 3 not read, 64 usage$/m);
    const nowhere = await verify([], { VERIFIER_DATABASE_URL: '', DATA_DIR: '/nonexistent' });
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.said, /VERIFIER_DATABASE_URL is not set/);
});

test('whole, and nowhere to say so, is neither broken nor unsealed', async () => {
    const env = { PATH: process.env.PATH, VERIFIER_DATABASE_URL: stack.database.verifier,
                  ...stack.state.files };
    const full = promisify(execFile)('sh', ['-c', 'exec "$0" audit verify >/dev/full',
        path.join(build, 'countersign')], { env });
    await assert.rejects(full, { code: 74, stderr: /could not be written/ });
});

test('a range is exported, verifies offline, and no byte of it can change', async () => {
    const out = path.join(stack.data, 'part');
    const words = ['--from', '2020-01-01', '--to', '2100-01-01T00:00:00Z', '--out', out];
    const made = await audit(['export', ...words]);
    assert.equal(made.code, 0, made.said);
    const all = await one('select sum(events)::int as n from cs.audit_seal');
    assert.ok(made.out.startsWith(`${all} audit rows under `), made.out);
    const offline = () => audit(['verify', '--offline', out], { VERIFIER_DATABASE_URL: '' });
    const good = await offline();
    assert.equal(good.code, 0, good.out + good.said);
    assert.match(good.out, /whole/);
    for (const name of ['events.jsonl', 'seals', 'manifest.json']) {
        const file = path.join(out, name);
        const text = await fs.readFile(file, 'utf8');
        for (const at of [0.2, 0.5, 0.8].map((part) => Math.floor(text.length * part))) {
            const other = text[at] === '0' ? '1' : '0';
            await fs.writeFile(file, text.slice(0, at) + other + text.slice(at + 1));
            assert.notEqual((await offline()).code, 0, `${name}, ${at}`);
        }
        await fs.writeFile(file, text);
    }
    assert.equal((await offline()).code, 0);
});

// Whoever changes the files can make the manifest anew: then the rows' hashes and seals tell.
test('an export is whole by its seals, not by its manifest alone', async () => {
    const out = path.join(stack.data, 'part');
    const write = async (name, change) => {
        const text = change(await fs.readFile(path.join(out, name), 'utf8'));
        await fs.writeFile(path.join(out, name), text);
        const manifest = JSON.parse(await fs.readFile(path.join(out, 'manifest.json'), 'utf8'));
        manifest.files[name].sha256 = createHash('sha256').update(text).digest('hex');
        await fs.writeFile(path.join(out, 'manifest.json'), JSON.stringify(manifest));
        return audit(['verify', '--offline', out]);
    };
    const kept = await fs.readFile(path.join(out, 'events.jsonl'), 'utf8');
    for (const [change, says] of [
        [(text) => text.replace('request.submit', 'request.submix'), /line \d+: was changed/],
        [(text) => text.replace(/^.*\n/, ''), /is not of seal|covers other rows|was changed/],
        [(text) => text.replace(/^(.*\n)/, '$1$1'), /covers other rows|is not of seal/],
        [(text) => `${text}${text.split('\n')[0]}\n`, /rows that no seal covers/]]) {
        const answer = await write('events.jsonl', change);
        assert.equal(answer.code, 1, `${change}: ${answer.said}`);
        assert.match(answer.out, says);
        await write('events.jsonl', () => kept);
    }
    const cut = await write('seals', (text) => text.replace(/.*\n$/, ''));
    assert.match(cut.out, /rows that no seal covers/);
});

test('an export without a range, or into what is there, makes nothing', async () => {
    const out = path.join(stack.data, 'other');
    const to = ['--to', '2100-01-01'];
    for (const words of [['--from', '2020-01-01', '--out', out],
                         ['--from', 'x', ...to, '--out', out],
                         ['--from', '2020-01-01', ...to],
                         ['--from', '2020-01-01', ...to, '--out', stack.data]])
        assert.equal((await audit(['export', ...words])).code, 64, words.join(' '));
    const none = await audit(['export', '--from', '2099-01-01', ...to, '--out', out]);
    assert.equal(none.code, 1);
    assert.match(none.said, /nothing was sealed in that range/);
    await assert.rejects(fs.stat(out));
});

test('a run that lost one of the approvals it needed is found', async () => {
    const needs = (needed) => stack.psql('operator',
        `select cs.operator_quorum_set('{"risk": "low", "needed": ${needed}}')`);
    await stack.people({ kim: ['reviewer'] });
    const [{ id }] = await stack.psql('superuser', "select id from cs.person where login = 'kim'");
    const kim = new Jobs(stack, { ...jobs.people, rob: id });
    await needs(2);
    const request = await jobs.submit('print(5)');
    await jobs.approve(request);
    const { attempt_id } = await kim.approve(request);
    await jobs.ring(attempt_id);
    assert.equal((await jobs.over(attempt_id)).state, 'succeeded');
    await needs(1);
    await sealed();
    assert.equal((await verify()).code, 0);
    await forge('create table public.kept as select * from cs.attempt_decision');
    await forge(`delete from cs.attempt_decision where attempt_id = ${attempt_id} and decision_id =
        (select max(decision_id) from cs.attempt_decision)`);
    const answer = await verify();
    assert.equal(answer.code, 1, answer.out);
    assert.match(answer.out, /rests on fewer approvals than were needed/);
    assert.equal(await one('select count(*)::int as n from cs.unapproved_runs()'), 1);
    await forge(`insert into cs.attempt_decision select * from public.kept on conflict do nothing;
        drop table public.kept`);
    assert.equal((await verify()).code, 0);
});

test('a run on an approval that was taken back, and a round set back, are found', async () => {
    const request = await jobs.submit('print(55)');
    await jobs.approve(request, 60);
    await jobs.call('undo_decisions', { actor: jobs.actor('rob'), id: request.id });
    await forge(`update cs.request set round = 1 where id = ${request.id}`);
    await sealed();
    const back = await verify();
    assert.equal(back.code, 1, back.out);
    assert.match(back.out, /is in another round than the audit trail tells/);
    await stack.people({ lee: ['reviewer'] });
    const lee = new Jobs(stack, { ...jobs.people,
        rob: await one("select id as n from cs.person where login = 'lee'") });
    const { attempt_id } = await lee.approve(request);
    await jobs.ring(attempt_id);
    assert.equal((await jobs.over(attempt_id)).state, 'succeeded');
    await sealed();
    await forge(`update cs.request set round = 2 where id = ${request.id}`);
    const answer = await verify();
    assert.equal(answer.code, 1, answer.out);
    assert.match(answer.out, /rests on an approval that was taken back/);
    assert.match(await one('select why as n from cs.unapproved_runs()'), /was taken back/);
    await forge(`delete from cs.attempt_decision where attempt_id = ${attempt_id} and decision_id =
        (select min(id) from cs.decision where request_id = ${request.id})`);
    assert.equal((await verify()).code, 0);
    await forge(`update cs.request set revision = 2 where id = ${request.id}`);
    assert.match((await verify()).out, /is not at its newest revision/);
    await forge(`update cs.request set revision = 1 where id = ${request.id}`);
    assert.equal((await verify()).code, 0);
});

// Of another service, so that the stack's own worker leaves it alone.
test('a request that ended at its start, and one whose approval ended, are whole', async () => {
    const request = await jobs.submit('print(57)', { backend: 'e2b', image: 'base' });
    const { attempt_id } = await jobs.approve(request);
    const ask = async (sql) => (await stack.psql('worker', sql))[0];
    const { hello } = await ask(`select cs.worker_hello(
        '{"name": "other", "version": "1", "slots": 1,
        "backends": {"e2b": {"isolation": "vm"}}}') as hello`);
    const { fence, manifest } = await ask(`select fence, manifest
        from cs.claim_attempts(${hello.worker_id}, '{${attempt_id}}', 600000)`);
    const held = { worker_id: hello.worker_id, id: attempt_id, fence,
                   bundle_sha256: manifest.sha256,
                   decision_ids: manifest.decisions.map(({ id }) => id) };
    const step = async (name, more) => (await ask(
        `select result from cs.${name}('${JSON.stringify([{ ...held, ...more }])}')`)).result;
    assert.equal((await step('start_attempts')).ok, true);
    await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: request.id, note: '' });
    assert.equal((await step('release_attempts', { not_started: true, reason: 'none' })).state,
                 'cancelled');
    const needs = (needed) => stack.psql('operator',
        `select cs.operator_quorum_set('{"risk": "low", "needed": ${needed}}')`);
    await needs(2);
    const short = await jobs.submit('print(58)', { approval_seconds: 1 });
    await jobs.approve(short);
    await until(async () => await one(
        `select round as n from cs.request where id = ${short.id}`) === 2, 'a new round');
    await needs(1);
    const opened = (await jobs.events(request.id)).concat(await jobs.events(short.id));
    for (const event of ['request.set_aside', 'decision.expire'])
        assert.ok(opened.some((row) => row.event === event), event);
    await sealed();
    const answer = await verify();
    assert.equal(answer.code, 0, answer.out);
});

test('a run that was approved by who had a part in it is found', async () => {
    const { id, attempt_id } = await jobs.run('print(56)');
    await jobs.over(attempt_id);
    await sealed();
    const { ana, rob } = jobs.people;
    const token = (person, maker) => `insert into cs.api_token (id, person_id, created_by, name,
        prefix, token_sha256, scopes, expires_at) overriding system value select 999999, ${person},
        ${maker}, 'forged', 'forged00', sha256('forged'), '{read}', now() + interval '1 day';
        update cs.revision set token_id = 999999 where request_id = ${id}`;
    const gone = `delete from cs.api_token where id = 999999;
        update cs.revision set token_id = null where request_id = ${id}`;
    const again = (of) => `update cs.request set again_of = ${of} where id = ${id}`;
    const earlier = await one(`select min(id)::int as n from cs.request`);
    const by = (person) => `update cs.request set author_id = ${person} where id = ${earlier}`;
    const editor = (person) =>
        `update cs.revision set editor_id = ${person} where request_id = ${id}`;
    for (const [change, back] of [
        [editor(rob), editor(ana)],
        [`update cs.person set kind = 'agent', roles = '{agent}', owner_id = ${rob}
            where id = ${ana}`,
         `update cs.person set kind = 'human', roles = '{analyst}', owner_id = null
            where id = ${ana}`],
        [token(rob, ana), gone], [token(ana, rob), gone],
        [`${again(earlier)}; ${by(rob)}`, `${again('null')}; ${by(ana)}`],
    ]) {
        await forge(change);
        const [{ why }] = await stack.psql('verifier', runs(attempt_id));
        await forge(back);
        assert.equal(why, 'was approved by who had a part in it', change);
    }
    assert.equal((await verify()).code, 0);
});

// Whoever owns the database says by a column whether and when a run began, and whether it may run
// again: the trail and the approved bundle know better.
test('a run that is said to have begun at another time, or never, is found', async () => {
    const { id, attempt_id } = await jobs.run('print(6)');
    await jobs.over(attempt_id);
    await sealed();
    await forge('create table public.kept as select id, started_at from cs.attempt');
    for (const begun of ['null', `started_at + interval '2 minutes'`,
                         `started_at - interval '2 minutes'`]) {
        await forge(`update cs.attempt set started_at = ${begun} where id = ${attempt_id}`);
        const answer = await verify();
        assert.equal(answer.code, 1, `${begun}: ${answer.out}`);
        assert.match(answer.out, /began at another time than the audit trail has it/);
        await forge(`update cs.attempt a set started_at = k.started_at from public.kept k
            where k.id = a.id`);
    }
    await forge(`update cs.request set retry_safe = true where id = ${id}`);
    assert.match((await verify()).out, /is to run again otherwise than was approved/);
    await forge(`update cs.request set retry_safe = false where id = ${id};
        drop table public.kept`);
    assert.equal((await verify()).code, 0);
});

test('rows that wait long for their seal end with 2', async () => {
    await stack.halt('api');
    await jobs.submit('print(4)');
    assert.equal((await verify()).code, 0, 'a second is no fault');
    const last = 'id = (select max(id) from cs.audit_event)';
    await forge(`update cs.audit_event set ts = ts - interval '11 seconds' where ${last}`);
    assert.equal((await verify()).code, 1, 'its own hash says when it was');
    await forge(`update cs.audit_event e set hash = cs.audit_leaf(e) where ${last}`);
    const late = await verify();
    assert.equal(late.code, 2, late.out);
    assert.match(late.out, /^unsealed: a row has waited for 1\d\.\d s$/m);
});
