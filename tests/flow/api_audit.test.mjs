// What people may ask of the audit trail over the api, and what the trail says about who read what.
// Proves: T20a
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startStack, until } from './stack.mjs';
import { State } from '../input/state.mjs';

let stack;
const who = {};

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], eva: ['admin'] });
    for (const login of ['ana', 'rob', 'eva']) who[login] = await stack.signIn(login);
});
after(() => stack?.stop());

const submit = async (code = 'select 1') => (
    await who.ana.post('/api/requests', { language: 'sql', code })).body.id;
const readings = (id) => stack.psql('auditor', `select person, revision from code_readings
    where request_id = ${id} order by person, revision`);

test('who opens the code of somebody else is recorded, once for each version', async () => {
    const id = await submit();
    const at = `/api/requests/${id}`;
    assert.deepEqual(await readings(id), []);
    await Promise.all([1, 2, 3, 4].map(() => who.rob.get(at)));
    await who.ana.get(at);
    await who.rob.get(`${at}/revisions/1`);
    assert.deepEqual(await readings(id), [{ person: 'rob', revision: 1 }]);
    await who.ana.post(`${at}/revisions`, { revision: 1, language: 'sql', code: 'select 2' });
    await who.eva.get(`${at}/revisions/1`);
    await who.rob.get(`${at}?wait=1&until=done`);
    assert.deepEqual(await readings(id), [{ person: 'eva', revision: 1 },
        { person: 'rob', revision: 1 }, { person: 'rob', revision: 2 }]);
});

test('lists and streams hold no code, and record nothing', async () => {
    const id = await submit('select 3');
    await who.rob.get('/api/requests?view=all');
    await who.rob.get(`/api/audit?request_id=${id}`);
    assert.equal((await who.rob.get('/api/requests/999999')).status, 404);
    assert.deepEqual(await readings(id), []);
});

const rows = (text) => stack.psql('superuser', text);
const head = async () => (await who.eva.get('/api/audit/head')).body;

test('the newest head is told as it left, and what it does not cover', async () => {
    await until(async () => (await head()).unsealed.rows === 0, 'seals');
    const { head: told, unsealed, late } = await head();
    const lines = (await readFile(stack.state.files.SEAL_HEADS_FILE, 'utf8')).trim().split('\n');
    assert.equal(told.line, lines[told.n - 1]);
    const [kept] = await rows(`select n::int, last_id::int, events::int, key_id,
        encode(root, 'hex') as root, encode(hash, 'hex') as hash, cs.iso(sealed_at) as sealed_at
        from cs.audit_seal order by n desc limit 1`);
    assert.deepEqual({ ...told, line: undefined }, { ...kept, line: undefined });
    assert.deepEqual({ unsealed, late }, { unsealed: { rows: 0, since: null }, late: false });
});

// Rows of transactions that are still to come can not be sealed.
test('rows that wait are counted, and are late after ten seconds', async () => {
    const last = 'id in (select id from cs.audit_event order by id desc limit 2)';
    const change = (set, where) => rows(`set session_replication_role = replica;
        update cs.audit_event set ${set} where ${where};
        set session_replication_role = origin`);
    const before = await rows(`select id, xid::text, ts::text from cs.audit_event
        where ${last}`);
    await change("xid = '900000000', ts = clock_timestamp() - interval '9 seconds'", last);
    const waiting = await head();
    assert.equal(waiting.unsealed.rows, 2);
    await change("ts = clock_timestamp() - interval '11 seconds'", last);
    const [{ since }] = await rows(`select cs.iso(min(ts)) as since from cs.audit_event
        where ${last}`);
    assert.deepEqual(await head(), { ...waiting, unsealed: { rows: 2, since }, late: true });
    for (const { id, xid, ts } of before)
        await change(`xid = '${xid}', ts = '${ts}'`, `id = ${id}`);
    assert.equal((await head()).late, false);
});

const ask = (body, format = '') => who.eva.post(`/api/audit/query${format}`, body);
const sql = (text) => ask({ sql: text });
const queries = () => stack.psql('auditor', `select person, question, parameters, sql
    from audit_queries order by ts desc limit 3`);

test('a question answers a table, and is recorded first', async () => {
    const { body } = await who.eva.get('/api/audit/questions');
    assert.ok(body.questions.length >= 20);
    const seen = body.questions.find((one) => one.id === 'who_saw_what');
    assert.deepEqual(seen.parameters.map((one) => one.name), ['from', 'to', 'person', 'request']);
    assert.ok(body.views.find((one) => one.name === 'attempts').columns.includes('fence'));
    const answer = await ask({ question: 'who_saw_what', parameters: { person: 'rob' } });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.columns.slice(0, 3), [
        { name: 'ts', type: 'timestamp with time zone' }, { name: 'person', type: 'text' },
        { name: 'request_id', type: 'bigint' }]);
    assert.equal(answer.body.rows.length, 2);
    assert.equal(answer.body.truncated, false);
    assert.ok(Number.isInteger(answer.body.elapsed_ms));
    assert.equal(typeof answer.body.rows[0][2], 'number');
    const [last] = await queries();
    assert.equal(last.person, 'eva');
    assert.equal(last.question, 'who_saw_what');
    assert.deepEqual(last.parameters, { person: 'rob' });
});

test('every question runs', async () => {
    const { body } = await who.eva.get('/api/audit/questions');
    for (const { id, parameters, must_be_empty: empty } of body.questions) {
        const needs = parameters.filter((one) => one.required).map((one) => [one.name, 1]);
        const answer = await ask({ question: id, parameters: Object.fromEntries(needs) });
        assert.equal(answer.status, 200, `${id} ${answer.text}`);
        if (empty) assert.deepEqual(answer.body.rows, [], id);
    }
});

test('values come as what they are', async () => {
    const { body } = await sql(`select true, null::text, 7, 9007199254740993, 1.50, 'a"b',
        array[1,2], timestamp '2026-01-02 03:04:05', 'x' as x, 2 as x`);
    assert.deepEqual(body.rows, [[true, null, 7, '9007199254740993', '1.50', 'a"b', '{1,2}',
        '2026-01-02 03:04:05', 'x', 2]]);
});

test('CSV is quoted, and no cell is a formula', async () => {
    const text = String.raw`select '=1+1' as "=a", '+x' as b, '-x' as c, '@x' as d, E'\tx' as e,
        E'\rx' as f, 'a,"b"' as g, -5 as h, null::text as i`;
    for (const answer of [await ask({ sql: text }, '?format=csv'),
        await who.eva.post('/api/audit/query', { sql: text }, { accept: 'text/csv' })]) {
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers.get('content-type'), 'text/csv; charset=utf-8');
        assert.match(answer.headers.get('content-disposition'), /attachment;.*query\.csv/);
        assert.equal(answer.headers.get('x-truncated'), 'false');
        assert.equal(answer.text, `"'=a",b,c,d,e,f,g,h,i\r\n`
            + `"'=1+1","'+x","'-x","'@x","'\tx","'\rx","a,""b""",-5,\r\n`);
    }
    const named = await ask({ question: 'pauses' }, '?format=csv');
    assert.match(named.headers.get('content-disposition'), /pauses\.csv/);
});

// What an auditor might try. [statement, status, code, a part of the message]
const FORBIDDEN = [403, 'forbidden'];
const WRONG = [400, 'invalid_field'];
const FINE = [200, '', ''];
const attacks = [
    ['commit; select 1', ...WRONG, 'cannot insert multiple commands'],
    [`commit; insert into cs.team (name) values ('x')`, ...WRONG, 'cannot insert multiple'],
    ['select 1; select 2', ...WRONG, 'cannot insert multiple commands'],
    [`insert into cs.team (name) values ('x')`, ...FORBIDDEN, 'permission denied for schema cs'],
    [`update audit.people set name = 'x'`, ...WRONG, 'cannot update view'],
    [`delete from audit.sessions`, ...WRONG, 'cannot delete from view'],
    [`update audit.workers set name = 'x'`, ...FORBIDDEN, 'permission denied for view workers'],
    ['set transaction read write', ...WRONG, 'read-write mode must be set before any query'],
    [`select set_config('transaction_read_only', 'off', false)`, ...WRONG, 'before any query'],
    [`select pg_read_file('/etc/passwd')`, ...FORBIDDEN, 'permission denied for function'],
    [`select pg_read_binary_file('/etc/passwd')`, ...FORBIDDEN, 'permission denied for function'],
    [`select * from pg_ls_dir('/')`, ...FORBIDDEN, 'permission denied for function'],
    [`select lo_import('/etc/passwd')`, ...FORBIDDEN, 'permission denied for function'],
    [`select lo_export(1, '/tmp/x')`, ...FORBIDDEN, 'permission denied for function'],
    [`copy audit.people to program 'id'`, ...FORBIDDEN, ''],
    [`copy (select 1) to '/tmp/x'`, ...FORBIDDEN, ''],
    ['copy (select 1) to stdout', ...WRONG, 'COPY gives no rows'],
    ['set role countersign_owner', ...FORBIDDEN, 'permission denied to set role'],
    ['set session authorization postgres', ...FORBIDDEN, 'permission denied to set session'],
    ['create temp table x (a int)', ...FORBIDDEN, ''],
    ['create table audit.x (a int)', ...FORBIDDEN, ''],
    ['create function audit.f() returns int language sql return 1', ...FORBIDDEN, ''],
    ['create extension dblink', ...FORBIDDEN, ''],
    [`select * from dblink('dbname=postgres', 'select 1') as t (a int)`, ...WRONG, 'dblink'],
    [`do $$ begin perform 1; end $$`, ...FINE],
    [`do $$ begin insert into cs.team (name) values ('x'); end $$`, ...FORBIDDEN, 'schema cs'],
    [`load 'auto_explain'`, ...FORBIDDEN, ''],
    ['alter system set fsync = off', ...WRONG, 'transaction block'],
    ['alter role countersign_auditor superuser', ...FORBIDDEN, ''],
    ['alter role countersign_auditor set default_transaction_read_only = off', ...FORBIDDEN, ''],
    ['grant all on schema cs to public', ...FORBIDDEN, ''],
    ['vacuum', ...WRONG, 'transaction block'],
    ['discard all', ...WRONG, 'transaction block'],
    ['checkpoint', ...FORBIDDEN, ''],
    [`select current_setting('data_directory')`, ...FORBIDDEN, ''],
    [`select current_setting('countersign.verifier')`, ...WRONG, 'unrecognized'],
    ['select * from pg_authid', ...FORBIDDEN, 'permission denied for table pg_authid'],
    ['select passwd from pg_shadow', ...FORBIDDEN, 'permission denied'],
    ...['password', 'session', 'api_token', 'revision', 'audit_event', 'login_link'].map((name) => (
        [`select * from cs.${name}`, ...FORBIDDEN, 'permission denied for schema cs'])),
    [`select cs.decide_requests('[]')`, ...FORBIDDEN, 'permission denied for schema cs'],
    [`select cs.audit_query('{}', '{}')`, ...FORBIDDEN, 'permission denied for schema cs'],
    [`select nextval('cs.request_id_seq')`, ...FORBIDDEN, 'permission denied for schema cs'],
    ['select pg_terminate_backend(pid) from pg_stat_activity', ...FORBIDDEN, 'for function'],
    ['select pg_cancel_backend(1)', ...FORBIDDEN, 'permission denied for function'],
    ['select pg_advisory_lock(1)', ...FORBIDDEN, 'permission denied for function'],
    ['select pg_advisory_xact_lock_shared(1, 2)', ...FORBIDDEN, 'permission denied for function'],
    ['select pg_try_advisory_lock(1)', ...FORBIDDEN, 'permission denied for function'],
    // What writes although the transaction only reads, and stays on the disk after it.
    [`select lo_from_bytea(0, 'x')`, ...FORBIDDEN, 'permission denied for function'],
    ['select lo_creat(1)', ...FORBIDDEN, 'permission denied for function'],
    ['select lo_create(0)', ...FORBIDDEN, 'permission denied for function'],
    [`select lo_put(1, 0, 'x')`, ...FORBIDDEN, 'permission denied for function'],
    [`select pg_logical_emit_message(false, 'x', repeat('x', 1000000))
        from generate_series(1, 100000)`, ...FORBIDDEN, 'permission denied for function'],
    // The sealer waits for every transaction that has a number.
    ['select pg_current_xact_id(), pg_sleep(9)', ...FORBIDDEN, 'permission denied for function'],
    ['select txid_current()', ...FORBIDDEN, 'permission denied for function'],
    ['select pg_export_snapshot()', ...FORBIDDEN, 'permission denied for function'],
    ['listen x', ...FINE],
    ['commit', ...FINE],
    ['rollback', ...FINE],
    [`prepare x as select 1`, ...FINE],
    ['set statement_timeout = 0', ...FINE],
    ['set session characteristics as transaction read write', ...FINE],
    ['selct 1', ...WRONG, 'line 1, column 1: syntax error at or near "selct" (42601)'],
    ['select 1, -- ä\n  äöü from audit.people', ...WRONG, 'line 2, column 3: column'],
    ['select $1::text', ...WRONG, ''],
    [' -- nothing\n', ...WRONG, 'there is no statement'],
];

test(`an auditor's query does nothing but read the views`, async (t) => {
    const state = await State.open(stack);
    t.after(() => state.close());
    for (const [text, status, code, words] of attacks) {
        const answer = await sql(text);
        assert.equal(`${answer.status} ${answer.body.error?.code ?? ''}`, `${status} ${code}`,
            `${text}: ${answer.text}`);
        assert.equal(answer.body.error?.field ?? 'sql', 'sql', text);
        assert.ok((answer.body.error?.message ?? '').includes(words), `${text}: ${answer.text}`);
    }
    assert.deepEqual(await state.changes(), []);
    assert.equal((await queries())[0].sql, attacks.at(-1)[0], 'each was recorded');
    assert.deepEqual((await sql(`select current_setting('statement_timeout'), current_user,
        current_setting('transaction_read_only')`)).body.rows,
    [['10s', 'countersign_auditor', 'on']]);
    const left = await sql(`select name from pg_prepared_statements where name = 'x'`);
    assert.deepEqual(left.body.rows, [], 'no session goes on');
});

const running = () => stack.psql('superuser', `select pid from pg_stat_activity
    where usename = 'countersign_auditor' and query like '%pg_sleep%' and state = 'active'`);
const SLOW = 'select pg_sleep(3600)';

test('a query that takes too long is stopped', async () => {
    const answer = await sql(SLOW);
    assert.equal(`${answer.status} ${answer.body.error.code}`, '422 not_acceptable');
    assert.match(answer.body.error.message, /took too long/);
    await until(async () => (await running()).length === 0, 'its end');
});

test('two at once, the third comes again; each ends when its client leaves', async () => {
    const stop = new AbortController();
    const slow = [1, 2].map(() => who.eva.send('POST', '/api/audit/query', {
        body: JSON.stringify({ sql: SLOW }), signal: stop.signal,
        headers: { 'content-type': 'application/json' } }).catch((error) => error.name));
    await until(async () => (await running()).length === 2, 'two queries');
    const third = await sql('select 1');
    assert.equal(`${third.status} ${third.body.error?.code}`, '429 throttled');
    assert.ok(Number(third.headers.get('retry-after')) > 0);
    stop.abort();
    assert.deepEqual(await Promise.all(slow), ['AbortError', 'AbortError']);
    await until(async () => (await running()).length === 0, 'the end of both');
    await until(async () => (await sql('select 1')).status === 200, 'a free place');
    const log = await stack.log('api');
    assert.equal(log.match(/"path":"\/api\/audit\/query","status":409/g)?.length, 2,
        'they were ended, not waited for');
});

test('an answer is cut at 10,000 rows, and at 8 MiB', async () => {
    const exact = await sql('select * from generate_series(1, 10000)');
    assert.deepEqual([exact.body.rows.length, exact.body.truncated], [10000, false]);
    const many = await sql('select * from generate_series(1, 10001)');
    assert.deepEqual([many.body.rows.length, many.body.truncated], [10000, true]);
    const endless = await sql('select generate_series(1, 1e12::bigint)');
    assert.deepEqual([endless.body.rows.length, endless.body.truncated], [10000, true]);
    // What it would keep on the disk meanwhile has an end as well.
    const kept = await sql('select * from generate_series(1, 1e12::bigint)');
    assert.equal(`${kept.status} ${kept.body.error.code}`, '422 not_acceptable');
    const wide = await sql(`select repeat('x', 1000000) from generate_series(1, 1000)`);
    assert.equal(wide.body.truncated, true);
    assert.ok(wide.body.rows.length > 0 && wide.body.rows.length <= 8, `${wide.body.rows.length}`);
    const one = await sql(`select repeat('x', 100000000)`);
    assert.deepEqual([one.body.rows, one.body.truncated], [[], true]);
    const csv = await ask({ sql: 'select * from generate_series(1, 10001)' }, '?format=csv');
    assert.equal(csv.headers.get('x-truncated'), 'true');
});

test('without the address of the auditor, or with another login, nothing is asked', async () => {
    await stack.restart('api', { AUDIT_DATABASE_URL: '' });
    const off = await sql('select 1');
    assert.equal(`${off.status} ${off.body.error.code}`, '501 not_implemented', off.text);
    const password = await readFile(`${stack.data}/secrets/worker`, 'utf8');
    const worker = stack.database.worker.replace(/passfile=.*/, `password=${password.trim()}`);
    await stack.restart('api', { AUDIT_DATABASE_URL: worker });
    const other = await sql('select 1');
    assert.equal(other.status, 500, other.text);
    assert.match(await stack.log('api'), /signs in as countersign_worker instead of countersign_a/);
});
