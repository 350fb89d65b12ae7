// `countersign audit verify --checked FILE` when a part was dropped since FILE was written: what a
// drop left is bound by the seal over the drop alone.
// Proves: T25 I13
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openJobs } from './jobs.mjs';
import { admins, ageSeals, allSealed, audit, drop } from './retention.mjs';
import { startStack } from './stack.mjs';
import { openVerifier } from './verifier.mjs';

let stack;
let file;
let verifier;
before(async () => {
    stack = await startStack({ workers: 0 });
    await ageSeals(stack);
    const jobs = await openJobs(stack);
    const people = await admins(stack);
    file = path.join(stack.data, 'checked');
    await jobs.decide(await jobs.submit('print(1)'), { verdict: 'reject', note: 'No.' });
    await jobs.decide(await jobs.submit('print(2)'),
        { verdict: 'request_changes', note: 'Say more.' });
    await allSealed(stack);
    assert.deepEqual(await counts(file), [2, undefined]);
    await drop(stack, people, `${stack.data}/first`);
});
after(async () => {
    await verifier?.end();
    await stack?.stop();
});

async function counts(name) {
    const { code, out, said } = await audit(stack, ['verify', '--checked', name]);
    assert.equal(code, 0, out + said);
    const [, now, earlier] =
        /^(\d+) signatures of decisions checked now(?:, (\d+) earlier: up to .*)?$/m.exec(out);
    return [Number(now), earlier && Number(earlier)];
}

// As if the rows had been dropped by who owns the database a moment ago, and no seal is over that.
const COVER = `create function pg_temp.cover() returns void language plpgsql as $f$ declare
    t cs.retention; e cs.audit_event; kept record; before bytea; begin
    delete from cs.audit_seal s where s.xid_to > (select xid from cs.audit_event
        where event = 'retention.dropped');
    update cs.audit_event a set row_digests = a.row_digests || jsonb_build_object('decision:2',
        (select cs.decision_digest(d) from cs.decision d where d.id = 2))
        where a.row_digests ? 'decision:2';
    for e in select * from cs.audit_event a where a.entity = 'request' and a.entity_id = (
        select request_id from cs.decision where id = 2) order by a.entity_seq loop
        e.prev_hash := coalesce(before, e.prev_hash);
        e.hash := cs.audit_leaf(e);
        before := e.hash;
        update cs.audit_event a set prev_hash = e.prev_hash, hash = e.hash where a.id = e.id;
    end loop;
    select * into t from cs.retention where state = 'dropped';
    select * into kept from cs.retention_kept(cs.retention_reach(t.seal));
    select * into e from cs.audit_event a where a.event = 'retention.dropped';
    e.body := e.body || cs.retention_told(t, kept.root);
    e.hash := cs.audit_leaf(e);
    update cs.audit_event a set body = e.body, hash = e.hash where a.id = e.id; end $f$`;

test('a decision that is changed with what a drop left of its chain is found', async () => {
    await stack.halt('api');
    verifier = openVerifier(stack, { SEAL_HEADS_FILE: '/nonexistent' }, file);
    const say = (sql) => verifier.ask(sql.replace(/\s+/g, ' '));
    assert.equal(await say(`commit; begin; ${COVER}; set local search_path = cs, pg_temp;
        set local session_replication_role = replica; savepoint s`), 'whole');
    assert.equal(await say('do $$ begin perform pg_temp.cover(); end $$'), 'whole');
    assert.equal(await say(`rollback to s; do $$ begin
        update cs.decision set verdict = 'approve' where id = 2;
        if not found then raise 'nothing changed'; end if; perform pg_temp.cover(); end $$`),
        'broken decision 2: says what its signature does not');
    await verifier.end();
    await stack.start('api');
});

test('signatures are checked again once behind a drop, and then no more', async () => {
    await allSealed(stack);
    assert.deepEqual(await counts(file), [2, 0]);
    assert.deepEqual(await counts(file), [0, 2]);
});
