// The plans of the api and of a worker are made while the tables are small, and kept: what they
// look up must stay a look-up by key when thousands of finished requests are there.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { copiesEnded, copyRequests } from './copies.mjs';
import { startStack, until } from './stack.mjs';

const FINISHED = 3000;
const JOBS = 5;
const FAR_BACK = 10000; // the feed reads that many ids again, for commits that were late

let stack;
let ana;
let rob;

before(async () => {
    stack = await startStack();
    await stack.psql('superuser', 'alter system set autovacuum = off'); // it would renew the plans
    await stack.psql('superuser', 'select pg_reload_conf()');
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
});
after(() => stack?.stop());

async function runOne() {
    const { body: made } = await ana.post('/api/requests',
        { language: 'python', title: 'one', code: 'print(1)\n' });
    assert.equal((await rob.get('/api/requests?view=review')).body.requests[0].id, made.id);
    await rob.post(`/api/requests/${made.id}/decisions`, { verdict: 'approve',
        revision: made.revision, bundle_sha256: made.bundle_sha256, undo_seconds: 0 });
    const { body } = await ana.get(`/api/requests/${made.id}?wait=30&until=done`);
    assert.equal(body.state, 'succeeded');
    const [{ n }] = body.attempts[0].items;
    assert.equal((await ana.get(`/api/requests/${made.id}/results/${n}`)).text, '1\n');
}

/** {table: rows that were read of it} since the last reset. */
async function reads() {
    const rows = await stack.psql('superuser', `select t.relname as name,
            (t.seq_tup_read + coalesce(sum(i.idx_tup_read), 0))::int as n
        from pg_stat_user_tables t left join pg_stat_user_indexes i using (relid)
        where t.schemaname = 'cs' group by t.relid, t.relname, t.seq_tup_read`);
    return Object.fromEntries(rows.map((row) => [row.name, row.n]));
}

test('no run reads the whole of a table with thousands of finished requests', async () => {
    for (let i = 0; i < JOBS; i++) await runOne();
    await copyRequests(stack, { where: 'select id from cs.request', copies: FINISHED / JOBS,
        first: FAR_BACK });
    const [{ n }] = await stack.psql('superuser', 'select count(*)::int as n from cs.attempt');
    assert.equal(n, FINISHED + JOBS);
    // What a back end read it tells when it ends, at the latest, and is then gone from the list:
    // before that nothing is reset.
    await stack.sessions.end();
    await until(() => copiesEnded(stack), 'the end of the copies');
    await stack.psql('superuser', 'select pg_stat_reset()');
    for (let i = 0; i < JOBS; i++) await runOne();
    for (const name of ['worker', 'api']) await stack.halt(name);
    await until(async () => (await stack.psql('superuser', `select pid from pg_stat_activity
        where usename in ('countersign_api', 'countersign_worker')`)).length === 0, 'their end');
    const seen = await reads();
    assert.ok(seen.attempt > 0 && seen.audit_event > 0 && seen.decision > 0);
    for (const [name, count] of Object.entries(seen))
        assert.ok(count < FINISHED, `${name} was read whole: ${count} rows in ${JOBS} runs`);
});
