// Two admins agree that a part of the audit trail is dropped; the operator exports and drops it;
// and what is left proves what it proved before.
// Proves: T25 I13
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openJobs } from './jobs.mjs';
import { admins, ageSeals, agree, allSealed, audit, drop } from './retention.mjs';
import { startStack, until } from './stack.mjs';

let stack;
let jobs;
let people;
let waiting; // a request that is not over
before(async () => {
    stack = await startStack({ workers: 1 });
    await ageSeals(stack);
    jobs = await openJobs(stack);
    people = await admins(stack);
    await jobs.decide(await jobs.submit('print(0)'), { verdict: 'reject', note: 'No.' });
    for (const code of ['print(1)', 'raise 1', 'print(2)']) {
        const { attempt_id } = await jobs.run(code);
        await jobs.over(attempt_id);
        await allSealed(stack);
    }
    waiting = await jobs.submit('print(3)');
    await allSealed(stack);
});
after(() => stack?.stop());

const rows = (sql) => stack.psql('superuser', sql);
const one = async (sql) => (await rows(sql))[0].n;
const folder = (name) => path.join(stack.data, name);
const verify = (...words) => audit(stack, ['verify', ...words]);
const heads = async () => (await fs.readFile(stack.state.files.SEAL_HEADS_FILE, 'utf8')).trim()
    .split('\n');
const retentions = async () => (await people.eva.get('/api/audit/retention')).body.retentions;

async function whole(...words) {
    const answer = await verify(...words);
    assert.equal(answer.code, 0, answer.out + answer.said);
    return answer.out;
}

test('an admin proposes, only another one agrees, and any withdraws', async () => {
    const { eva, ida } = people;
    const day = new Date(Date.now() - 366 * 864e5).toISOString().slice(0, 10);
    const young = await eva.post('/api/audit/retention',
        { before: new Date().toISOString().slice(0, 10), reason: 'x' });
    assert.deepEqual([young.status, young.body.error.field], [400, 'before']);
    const made = await eva.post('/api/audit/retention', { before: day, reason: 'Old.' });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.body.state, 'proposed');
    const at = `/api/audit/retention/${made.body.id}`;
    assert.equal((await eva.post(`${at}/agree`, {})).body.error.code, 'own_request');
    assert.equal((await audit(stack, ['drop', made.body.id, folder('early')])).code, 1);
    await rows(`update cs.session set authenticated_at = now() - interval '1 hour'
        where person_id = (select id from cs.person where login = 'ida')`);
    assert.equal((await ida.post(`${at}/agree`, {})).body.error.code,
                 'reauthentication_required');
    await rows('update cs.session set authenticated_at = now()');
    assert.equal((await ida.post(`${at}/agree`, {})).body.state, 'agreed');
    const gone = await ida.post(`${at}/withdraw`, {});
    assert.deepEqual([gone.body.state, gone.body.withdrawn_by.name], ['withdrawn', 'ida']);
    const late = await audit(stack, ['drop', made.body.id, folder('early')]);
    assert.match(late.said, /It was withdrawn/);
    await assert.rejects(fs.stat(folder('early')));
    await allSealed(stack);
    await whole();
});

test('what was agreed to is exported and dropped, and the rest verifies', async () => {
    const before = await one('select count(*)::int as n from cs.audit_event');
    const done = await drop(stack, people, folder('first'));
    assert.match(done.out, /^\d+ audit rows of 4 requests are dropped, \d+ up to seal \d+ stay$/m);
    const [told] = await retentions();
    assert.equal(told.state, 'dropped');
    const [{ carried }] = await rows(`
        select array_agg(body ->> 'request' order by entity_id) as carried
        from cs.audit_event where event = 'request.carried'`);
    assert.deepEqual(carried, ['rejected', 'succeeded', 'failed', 'succeeded']);
    const gone = before - await one(`select count(*)::int as n from cs.audit_event
        where event not in ('request.carried') and entity <> 'retention'`) - await one(`select
        count(*)::int as n from cs.audit_event where entity = 'retention' and id <= (select
        max(last_id) from cs.audit_seal where n <= ${told.seal})`);
    assert.equal(gone, told.dropped_events);
    const manifest = createHash('sha256').update(
        await fs.readFile(path.join(folder('first'), 'manifest.json'))).digest('hex');
    assert.equal(told.manifest_sha256, manifest);
    const out = await whole();
    const [eva, ida] = [told.proposed_by.id, told.agreed_by.id];
    assert.match(out, new RegExp(`^retention ${told.id}: dropped ${gone} rows of seals 1 to `
        + `${told.seal}, of \\d{4}-.*Z; proposed by person ${eva}, agreed by person ${ida}; `
        + `manifest ${manifest}$`, 'm'));
});

test('an old head, from inside what was dropped, still proves the history', async () => {
    const all = await heads();
    const [{ seal }] = await retentions();
    for (const n of [1, Math.ceil(seal / 2), seal]) await whole('--head', all[n - 1]);
    const other = await verify('--head', all[0].replace(/.$/, (c) => (c === '0' ? '1' : '0')));
    assert.equal(other.code, 1);
});

test('the exported rows verify offline, against the very seals of the database', async () => {
    const offline = await audit(stack, ['verify', '--offline', folder('first')],
                                { VERIFIER_DATABASE_URL: '' });
    assert.equal(offline.code, 0, offline.out + offline.said);
    const [told] = await retentions();
    assert.ok(offline.out.startsWith(`${told.events} audit rows, ${told.seal} seals\n`));
    await whole('--head', path.join(folder('first'), 'seals'));
    const seals = (await fs.readFile(path.join(folder('first'), 'seals'), 'utf8')).trim();
    assert.deepEqual(seals.split('\n'), (await heads()).slice(0, told.seal));
});

test('what was dropped is not exported once more', async () => {
    const words = ['export', '--from', '2020-01-01', '--to', '2100-01-01', '--out', folder('none')];
    const answer = await audit(stack, words);
    assert.equal(answer.code, 1);
    assert.match(answer.said, /rows up to seal \d+ were dropped/);
    await assert.rejects(fs.stat(folder('none')));
});

test('work goes on, also on what stayed, and the next part goes in its turn', async () => {
    await jobs.over((await jobs.run('print(4)')).attempt_id);
    const { attempt_id: id } = await jobs.approve(waiting);
    await jobs.ring(id);
    await jobs.over(id);
    await allSealed(stack);
    await whole();
    const first = (await retentions())[0].seal;
    await drop(stack, people, folder('second'));
    const out = await whole();
    assert.equal(out.match(/^retention /mg).length, 2);
    const [told] = await retentions();
    assert.ok(out.includes(` rows of seals ${first + 1} to ${told.seal}, `));
    const carried = await one(`select count(*)::int as n from cs.audit_event
        where event = 'request.carried'`);
    assert.equal(carried, 6, 'each request is carried once');
    for (const name of ['first', 'second'])
        assert.equal((await audit(stack, ['verify', '--offline', folder(name)])).code, 0, name);
    await whole('--head', (await heads())[0]);
    const [broken] = await stack.psql('auditor', 'select count(*)::int as n from broken_chains');
    assert.equal(broken.n, 0);
});

test('an agreement that was not signed is not carried out', async () => {
    await jobs.over((await jobs.run('print(5)')).attempt_id);
    await allSealed(stack);
    const { id } = await agree(people);
    await allSealed(stack);
    const [{ was }] = await rows(`select agree_signature::text as was from cs.retention
        where id = ${id}`);
    const sign = (value) => stack.psql('superuser', `set session_replication_role = replica;
        update cs.retention set agree_signature = ${value} where id = ${id};
        set session_replication_role = origin`);
    const before = await one('select count(*)::int as n from cs.audit_event');
    await sign("sha512('x')");
    const answer = await audit(stack, ['drop', id, folder('unsigned')]);
    assert.equal(answer.code, 1);
    assert.match(answer.said, /its statement "agree" says what its signature does not/);
    assert.equal(await one('select count(*)::int as n from cs.audit_event'), before);
    assert.equal((await verify()).code, 1, 'nor whole');
    await sign(`'${was}'`);
    assert.equal((await people.eva.post(`/api/audit/retention/${id}/withdraw`, {})).status, 200);
    await allSealed(stack);
    await whole();
});

// Its transaction is ended from outside while it waits for a request that somebody holds.
test('a drop that is cut off dropped nothing, and is done the next time', async () => {
    const { request_id: held } = await jobs.attempt((await jobs.run('print(6)')).attempt_id);
    await until(async () => (await rows(`select state from cs.request where id = ${held}`))[0]
        .state === 'succeeded', 'the run');
    await allSealed(stack);
    const { id } = await agree(people);
    const before = await one(`select count(*)::int as n from cs.audit_event
        where entity = 'request'`);
    await rows(`create function public.hold() returns trigger language plpgsql as $$ begin
        perform pg_advisory_xact_lock(4711); return null; end $$`);
    await rows(`create trigger hold after delete on cs.audit_event for each statement
        execute function public.hold()`);
    const holder = rows(`do $$ begin perform pg_advisory_lock(4711), pg_sleep(3600); end $$`)
        .catch(() => null);
    const waits = (what) => until(async () => (await rows(`select a.pid from pg_stat_activity a
        where ${what}`))[0], what);
    await waits("a.query like '%4711%' and a.wait_event = 'PgSleep'");
    const going = audit(stack, ['drop', id, folder('cut')]);
    await waits("a.query like '%retention_drop%' and a.wait_event_type = 'Lock'");
    await rows(`select pg_terminate_backend(pid) from pg_stat_activity
        where query like '%retention_drop%' and wait_event_type = 'Lock'`);
    const cut = await going;
    assert.equal(cut.code, 1);
    assert.equal(await one(`select count(*)::int as n from cs.audit_event
        where entity = 'request'`), before);
    await rows(`select pg_terminate_backend(pid) from pg_stat_activity
        where wait_event = 'PgSleep'`);
    await holder;
    await rows('drop trigger hold on cs.audit_event; drop function public.hold()');
    assert.equal((await audit(stack, ['drop', id, folder('again')])).code, 0);
    await allSealed(stack);
    await whole();
});

test('a stale agreement, a broken export or a wrong word drops nothing', async () => {
    await jobs.over((await jobs.run('print(5)')).attempt_id);
    await allSealed(stack);
    const { id } = await agree(people);
    const count = () => one(`select count(*)::int as n from cs.audit_event
        where entity = 'request'`);
    const before = await count();
    for (const words of [['drop'], ['drop', id], ['drop', 'x', folder('x')],
                         ['drop', id, folder('x'), 'y'], ['drop', id, stack.data]])
        assert.equal((await audit(stack, words)).code, 64, words.join(' '));
    const none = await audit(stack, ['drop', 999999, folder('x')]);
    assert.match(none.said, /There is no such proposal/);
    const young = await audit(stack, ['drop', id, folder('x')], { RETENTION_MIN_DAYS: '401' });
    assert.match(young.said, /not old enough/);
    await rows(`update cs.person set disabled_at = now() where login = 'ida'`);
    assert.match((await audit(stack, ['drop', id, folder('x')])).said, /is no admin any more/);
    await rows(`update cs.person set disabled_at = null where login = 'ida'`);
    await assert.rejects(fs.stat(folder('x')), 'nothing was written for any of these');
    assert.equal(await count(), before);
    const said = await audit(stack, ['drop', id, folder('x')],
        { DECISION_KEYS_FILE: stack.state.files.SEAL_KEYS_FILE });
    assert.match(said.said, /no public key for decision/);
    await stack.psql('superuser', `set session_replication_role = replica;
        update cs.audit_event set body = body || '{"x": 1}' where id = (select max(id)
        from cs.audit_event where entity = 'request' and event <> 'request.carried')`);
    const changed = await audit(stack, ['drop', id, folder('x')]);
    assert.equal(changed.code, 1);
    assert.match(changed.said, /events.jsonl, line \d+: was changed/);
    assert.equal(await count(), before);
});
