// What came of runs, and who asked for them: `countersign audit verify` holds it against the audit
// trail, whoever changed it, and says what older rows never bound.
// Proves: T25 I13
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openJobs } from './jobs.mjs';
import { admins, ageSeals, allSealed, audit, drop } from './retention.mjs';
import { startStack } from './stack.mjs';
import { sayAfterEach } from './verifier.mjs';

let stack;
let jobs;
let ids;
before(async () => {
    stack = await startStack({ workers: 1 });
    jobs = await openJobs(stack);
    ids = await fill();
});
after(() => stack?.stop());

/** A run that handed a file of several chunks back, one that failed, and a request that waits. */
async function fill() {
    const much = await jobs.run("print(1)\nopen('big.bin', 'wb').write(bytes(5 << 19))");
    assert.equal((await jobs.over(much.attempt_id)).state, 'succeeded');
    const failed = await jobs.run('raise ValueError("no")');
    assert.equal((await jobs.over(failed.attempt_id)).state, 'failed');
    const waits = await jobs.submit('print(2)');
    await allSealed(stack);
    return { much: much.attempt_id, failed: failed.attempt_id, request: much.id, waits: waits.id };
}

const each = (...words) => sayAfterEach(stack, ...words);
const BROKEN = 'is not as the audit trail has it$';

const ENDS = {
    fence: 'fence + 1', running_at: `running_at + interval '1 microsecond'`, finished_at: 'null',
    exit_code: '0', term_signal: '9', reason: `'cancelled'`, error_name: `'KeyError'`,
    error_value: `'yes'`, duration_ms: 'duration_ms + 1', cpu_ms: '0', memory_peak_bytes: 'null',
    output_truncated: 'not output_truncated', results_sha256: `sha256('')`,
    started_at: `started_at + interval '1 microsecond'`,
};

test('how a run ended is as the audit trail has it', () => each(
    Object.entries(ENDS).map(([column, value]) => [
        `update cs.attempt set ${column} = ${value} where id = ${ids.failed}
             and ${column} is distinct from ${value}`,
        new RegExp(`^broken attempt ${ids.failed}: ${BROKEN}`)])));

test('what a run handed back is as the audit trail has it', () => {
    const something = new RegExp(`^broken attempt ${ids.much}: handed back something else`);
    const file = `where attempt_id = ${ids.much} and kind = 'file'`;
    return each([
        ...[`sha256 = sha256('x')`, 'bytes = bytes + 1', `name = 'other'`, `mime = 'text/html'`,
            `kind = 'result'`, `meta = '{"other": 1}'`].map((set) => [
            `update cs.output_item set ${set} ${file}`, something]),
        [`update cs.output_item set n = n + 100 ${file}`, /broken attempt \d+: lacks bytes/],
        [`delete from cs.output_item ${file}`, something],
        [`delete from cs.output_item where attempt_id = ${ids.much}`,
         /broken attempt \d+: lacks what it handed back$/],
        [`insert into cs.output_item select attempt_id, fence, n + 100, kind, name, mime, 0,
              sha256(''), meta from cs.output_item ${file}`, something],
    ]);
});

test('the bytes of what a run handed back are as the audit trail has them', async () => {
    const [{ n: item, chunks }] = await stack.psql('superuser', `select o.n, count(*)::int as chunks
        from cs.output_item o join cs.output_chunk c on c.attempt_id = o.attempt_id
            and c.fence = o.fence and c.item = o.n
        where o.attempt_id = ${ids.much} and o.kind = 'file' group by o.n`);
    assert.ok(chunks >= 3, 'several chunks');
    const of = `where attempt_id = ${ids.much} and item = ${item}`;
    const other = new RegExp(`^broken attempt ${ids.much}: handed back other bytes`);
    const lacks = new RegExp(`^broken attempt ${ids.much}: lacks bytes of what it handed back$`);
    await each([
        [`update cs.output_chunk set data = set_byte(data, 7, 1) ${of} and n = 1`, other],
        [`update cs.output_chunk set data = substr(data, 2) ${of} and n = ${chunks - 1}`, other],
        [`delete from cs.output_chunk ${of} and n = ${chunks - 1}`, other],
        [`delete from cs.output_chunk ${of} and n = 0`, lacks],
        [`delete from cs.output_chunk ${of} and n = 1`, lacks],
        [`delete from cs.output_chunk ${of}`, lacks],
        [`update cs.output_chunk set n = n + 1 ${of} and n = ${chunks - 1}`, lacks],
        [`insert into cs.output_chunk select attempt_id, fence, item, n + 100, data
              from cs.output_chunk ${of} and n = 1`, lacks],
    ]);
});

test('who asked for what is as the audit trail has it', () => {
    const changed = new RegExp(`^broken request ${ids.waits}: ${BROKEN}`);
    return each([
        ...['token_id = 7', 'author_id = author_id + 1', 'team_id = team_id + 1',
            `created_at = created_at + interval '1 microsecond'`, 'again_of = 1'].map((set) => [
            `update cs.request set ${set} where id = ${ids.waits}`, changed]),
        ...[`title = 'other'`, `question = 'other'`, `state_echo = '{}'`].map((set) => [
            `update cs.request_text set ${set} where request_id = ${ids.waits}`, changed]),
        [`delete from cs.request_text where request_id = ${ids.waits}`, changed],
        [`insert into cs.request_text (request_id, title, question)
              values (${ids.waits} + 1, '', '')`,
         new RegExp(`request ${ids.waits + 1}: has words and is no request$`)],
        [`delete from cs.request where id = ${ids.waits}`, /^broken request \d+: is missing$/],
    ]);
});

// Nothing that has not ended has anything to tell.
test('a run that has not begun says nothing of its end', async () => {
    await stack.halt('worker-1');
    const { attempt_id } = await jobs.run('print(3)');
    await allSealed(stack);
    const changed = new RegExp(`^broken attempt ${attempt_id}: ${BROKEN}`);
    await each([
        ...['exit_code = 0', `reason = 'x'`, 'finished_at = now()', 'output_truncated = true',
            `results_sha256 = sha256('')`].map((set) => [
            `update cs.attempt set ${set} where id = ${attempt_id}`, changed]),
        [`insert into cs.output_item (attempt_id, fence, n, kind, mime, bytes, sha256)
              values (${attempt_id}, 0, 1, 'stdout', 'text/plain', 0, sha256(''))`,
         /^broken attempt \d+: handed back what the audit trail does not have$/],
    ]);
    await stack.start('worker-1');
    await jobs.over(attempt_id);
});

/** SQL that makes the history one of before results were bound, without seals that would say so. */
const UNBIND = `
    create function pg_temp.unbind() returns void language plpgsql as $f$
    declare
        e cs.audit_event;
        before bytea;
    begin
        delete from cs.audit_seal;
        update cs.attempt set results_sha256 = null;
        update cs.audit_event x set row_digests = (
                select jsonb_object_agg(d.key, d.value) from jsonb_each(x.row_digests) d
                where d.key not like 'request:%')
            where x.event = 'request.submit';
        update cs.audit_event x set row_digests = (
                select jsonb_object_agg(d.key, d.value) from jsonb_each(x.row_digests) d
                where d.key not like 'attempt:%')
            where x.event = 'attempt.finish';
        for e in select * from cs.audit_event x where x.entity = 'request'
                 order by x.entity_id, x.entity_seq loop
            e.prev_hash := case e.entity_seq when 1 then '\\x' else before end;
            e.hash := cs.audit_leaf(e);
            before := e.hash;
            update cs.audit_event x set prev_hash = e.prev_hash, hash = e.hash where x.id = e.id;
        end loop;
    end $f$; select pg_temp.unbind()`;

const ofOlder = () => [
    [`update cs.attempt set exit_code = 0 where id = ${ids.failed}`,
     /^broken attempt \d+: ended otherwise than the audit trail tells$/],
    [`update cs.attempt set duration_ms = null where id = ${ids.failed}`,
     /^broken attempt \d+: ended otherwise than the audit trail tells$/],
    [`update cs.attempt set reason = 'x' where id = ${ids.failed}`,
     /^broken attempt \d+: ended for another reason than the audit trail tells$/],
    [`update cs.output_item set sha256 = sha256('') where attempt_id = ${ids.much} and n = 1`,
     /^broken attempt \d+: handed back /],
    [`delete from cs.output_item where attempt_id = ${ids.much} and kind = 'file'`,
     /^broken attempt \d+: handed back something else than the audit trail tells$/],
    [`update cs.request set token_id = 7 where id = ${ids.waits}`,
     /^broken request \d+: is of somebody else than who wrote its first version$/],
    [`update cs.attempt set cpu_ms = 1 + coalesce(cpu_ms, 0) where id = ${ids.failed}`, /^whole$/],
    [`update cs.request set team_id = team_id + 1 where id = ${ids.waits}`, /^whole$/],
    [`update cs.attempt set results_sha256 = sha256('') where id = ${ids.failed}`,
     new RegExp(`^broken attempt \\d+: ${BROKEN}`)],
];

test('what older rows never bound is not taken for changed, what they tell is', async () => {
    await allSealed(stack);
    await each(ofOlder(), UNBIND, { SEAL_HEADS_FILE: '/nonexistent' });
});
