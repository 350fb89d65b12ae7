// Input files and money: `countersign audit verify` reads the bytes of each file, what each run
// cost, and what budgets have of that; what the product itself did with them is whole.
// Proves: T25 T26 I7 I13
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startE2b } from '../fake/e2b.mjs';
import { openJobs } from './jobs.mjs';
import { admins, ageSeals, allSealed, audit, drop } from './retention.mjs';
import { root, startStack } from './stack.mjs';
import { sayAfterEach } from './verifier.mjs';

const MUCH = '9000000000000000';
let fake;
let stack;
let jobs;
let ids;
before(async () => {
    fake = await startE2b();
    stack = await startStack({ env: { ...fake.env, LOCAL_OFF: '1', LEASE_MS: '2000',
                                      HEARTBEAT_MS: '500', SWEEP_MS: '200' } });
    await stack.noRules();
    await ageSeals(stack);
    jobs = await openJobs(stack);
    ids = await fill();
    await allSealed(stack);
});
after(async () => {
    await stack?.stop();
    await fake?.stop();
});

const sql = (text) => stack.psql('superuser', text);
const each = (...words) => sayAfterEach(stack, ...words);
const operator = (...words) => stack.operator('budgets', ...words);
const atE2b = (code, options = {}) => jobs.run(code, { backend: 'e2b',
    image: 'code-interpreter-v1', ...options });

async function ran(code, options) {
    const run = await atE2b(code, options);
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
    return run;
}

/** Costs before there was a budget, under one and under another, of a lost run that somebody
 *  settled, and at a price that came late; files of no, of one and of several chunks. */
async function fill() {
    const files = [await jobs.upload('much.csv', Buffer.alloc(5 << 19, 'a,b\n')),
                   await jobs.upload('none.csv', ''), await jobs.upload('one.csv', '1,2\n')];
    const first = await ran('print(1)', { files });
    await operator('set', 'user:*', '--limit', '5');
    const held = await ran('print(2)', { files: files.slice(2) });
    await operator('set', 'user:ana', '--limit', '6', '--period', 'day');
    await operator('set', 'team:data', '--limit', '7', '--soft', '10');
    const both = await ran('print(3)');
    await operator('set', 'team:data', '--limit', '0.000000001');
    await operator('set', 'team:data', '--limit', '7', '--period', 'total');
    await operator('end', 'user:ana');
    const waits = await jobs.submit('print(4)', { backend: 'e2b', image: 'code-interpreter-v1' });
    const lost = await atE2b('import time\ntime.sleep(600)');
    await jobs.inState(lost.attempt_id, 'running');
    await stack.kill('worker');
    await stack.end('worker');
    await stack.start('worker');
    await jobs.over(lost.attempt_id);
    return { files, first, held, both, waits, lost };
}

test('what the product itself did is whole, to the role that verifies, too', async () => {
    const spans = await sql('select provider, nano_usd > 0 as paid, estimated from cs.cost_span');
    assert.ok(spans.filter(({ paid }) => paid).length >= 4, JSON.stringify(spans));
    assert.ok(spans.some(({ estimated }) => estimated), JSON.stringify(spans));
    const { code, out, said } = await audit(stack, ['verify']);
    assert.equal(code, 0, out + said);
    assert.doesNotMatch(out, /not bound/);
});

const of = (file) => `where sha256 = '\\x${file.sha256}'`;
const input = (file, why) => new RegExp(`^broken input ${file.sha256}: ${why}$`);

test('the bytes of an input file have its digest', () => {
    const [much, none, one] = ids.files;
    const other = input(much, 'has other bytes than its digest says');
    return each([
        [`update cs.blob_chunk set data = set_byte(data, 7, 1) ${of(much)} and n = 1`, other],
        [`update cs.blob_chunk set data = substr(data, 2) ${of(much)} and n = 0`, other],
        [`delete from cs.blob_chunk ${of(much)} and n = 2`, other],
        [`delete from cs.blob_chunk ${of(much)} and n = 1`, input(much, 'lacks bytes')],
        [`update cs.blob_chunk set n = n + 1 ${of(much)} and n = 2`, input(much, 'lacks bytes')],
        [`delete from cs.blob_chunk ${of(one)}`, input(one, 'lacks bytes')],
        [`update cs.blob set bytes = bytes + 1 ${of(one)}`,
         input(one, 'has other bytes than its digest says')],
        [`update cs.blob set bytes = bytes + 1 ${of(none)}`, input(none, 'lacks bytes')],
        [`update cs.blob set sha256 = sha256('x') ${of(none)}`,
         /^broken input \w{64}: lacks bytes$/],
        [`insert into cs.blob_chunk values (sha256('x'), 0, 'x')`,
         /^broken input \w{64}: has other bytes than its digest says$/],
        [`insert into cs.blob_chunk values ('\\x${none.sha256}', 0, 'x')`,
         input(none, 'has other bytes than its digest says')],
    ]);
});

test('each file that a version binds is there', () => {
    const revision = new RegExp(`^broken revision 1 of request ${ids.first.id}: binds an input file`
        + ' that is not there$');
    const one = of(ids.files[2]);
    return each([
        [`delete from cs.blob_chunk ${one}; delete from cs.blob ${one}`, revision],
        [`update cs.revision_file set bytes = bytes + 1 where request_id = ${ids.first.id}
             and n = 1`, revision],
        [`update cs.revision_file set file_id = file_id + 1 where request_id = ${ids.first.id}
             and n = 1`, revision],
        [`update cs.file set sha256 = sha256('x') where id = ${ids.files[0].id}`, revision],
        [`delete from cs.file where id = ${ids.files[0].id}`, revision],
    ]);
});

const COSTS = {
    attempt_id: 'attempt_id + 1', fence: 'fence + 1', kind: `'llm'`, provider: `'daytona'`,
    model: `'other'`, team_id: 'team_id + 1', person_id: 'person_id + 1', feature: `'x'`,
    tokens_in: '1', tokens_out: '1', tokens_cached: '1', seconds: 'seconds + 0.001',
    nano_usd: 'nano_usd - 1', price_version: `''`, trace_id: `'x'`, span_id: `'x'`,
    started_at: `started_at - interval '1 microsecond'`, request_id: 'request_id + 1',
    ended_at: `ended_at + interval '1 microsecond'`, estimated: 'true', cpu: 'cpu + 1',
    memory_mib: 'null', disk_gib: '77',
};

test('what a run cost is as the audit trail has it', async () => {
    const where = `where attempt_id = ${ids.both.attempt_id}`;
    const [{ id }] = await sql(`select id from cs.cost_span ${where}`);
    const cost = new RegExp(`^broken cost ${id}: is not as the audit trail has it$`);
    await each([
        ...Object.entries(COSTS).map(([column, value]) => [
            `update cs.cost_span set ${column} = ${value} ${where}`, cost]),
        [`delete from cs.cost_span ${where}`, new RegExp(`^broken cost ${id}: is missing$`)],
        [`insert into cs.cost_span (request_id, kind, provider, team_id, person_id, nano_usd,
              started_at, ended_at) select request_id, kind, provider, team_id, person_id, 1,
              started_at, ended_at from cs.cost_span ${where}`,
         /^broken cost \d+: is not as the audit trail has it$/],
        [`update cs.cost_span set nano_usd = 0 where estimated`,
         /^broken cost \d+: is not as the audit trail has it$/],
    ]);
});

const live = `kind = 'team' and ended_at is null`;
const budget = (why) => new RegExp(`^broken budget \\d+: ${why}$`);

test('a budget is as the audit trail has it', () => each([
    ...[`limit_nano_usd = ${MUCH}`, 'soft_percent = 100', `period = 'month'`, `scope_id = null`,
        `scope_id = scope_id + 1`, 'set_by = 1', `set_at = set_at - interval '1 hour'`].map(
        (set) => [`update cs.budget set ${set} where ${live}`,
                  budget('is not as the audit trail has it')]),
    [`update cs.budget set kind = 'user' where ${live}`,
     budget('is not as the audit trail has it')],
    ...[`ended_at = now()`, 'ended_by = 1'].map((set) => [
        `update cs.budget set ${set} where ${live}`,
        budget('ended otherwise than the audit trail has it')]),
    [`update cs.budget set ended_at = null where kind = 'user' and scope_id is not null`,
     budget('ended otherwise than the audit trail has it')],
    [`update cs.budget set ended_at = ended_at + interval '1 hour' where kind = 'user'
          and ended_at is not null`, budget('ended otherwise than the audit trail has it')],
    [`delete from cs.budget where ${live}`, budget('is missing')],
    [`insert into cs.budget (kind, scope_id, period, soft_percent, limit_nano_usd)
          values ('user', 1, 'month', 80, 5)`, budget('is not as the audit trail has it')],
]));

const account = (why) => new RegExp(`^broken account of \\w+ \\d+, \\w+ of [\\d-]+: ${why}$`);
const SUMS = account('has other sums than what runs hold of it');
const total = `kind = 'team' and period = 'total'`;

test('an account is the sum of what runs hold of it, and within its limit', () => each([
    [`update cs.budget_account set reserved = reserved - 1 where reserved > 0`, SUMS],
    ...['settled = settled - 1', 'settled = settled + 1', 'opening = opening - 1',
        'reserved = reserved + 1', 'scope_id = scope_id + 1'].map((set) => [
        `update cs.budget_account set ${set} where ${total}`, SUMS]),
    [`delete from cs.budget_account where ${total}`, SUMS],
    [`update cs.budget_hold set posted_reserved = 0 where reserved > 0`, SUMS],
    [`update cs.budget_hold set granted = 0 where reserved > 0`, SUMS],
    [`delete from cs.budget_hold where kind = 'team'`, SUMS],
    [`update cs.budget_account set opening = opening - 1, settled = settled - 1 where ${total}`,
     account('began with less than had been spent')],
    [`update cs.budget_account set opening = opening + 1, settled = settled + 1 where ${total}`,
     account('began with more than had been spent')],
    [`insert into cs.budget_account values ('team', 77, 'month', '2026-01-01Z')`,
     account('is used beyond its limit')],
    [`update cs.budget_hold set reserved = 8e9, posted_reserved = 8e9, granted = 8e9
          where ${total} and reserved > 0;
      update cs.budget_account a set reserved = (select sum(h.reserved) from cs.budget_hold h
          where h.kind = 'team' and h.period = 'total') where ${total}`,
     account('is used beyond its limit')],
]));

/** A hold and its account, changed alike: only what runs cost knows better. */
const both = (what, by, where) => `with h as (update cs.budget_hold set ${what} = ${what} + ${by},
        posted_${what} = ${what} + ${by}, granted = granted + abs(${by}) where ${where} returning *)
    update cs.budget_account a set ${what} = a.${what} + ${by} from h
        where (a.kind, a.scope_id, a.period, a.starts_at)
            = (h.kind, h.scope_id, h.period, h.starts_at)`;

test('what runs hold of budgets is what they cost', () => {
    const mine = `attempt_id = ${ids.both.attempt_id} and kind = 'team'`;
    const attempt = (why) => new RegExp(`^broken attempt ${ids.both.attempt_id}: ${why}$`);
    const request = (why) => new RegExp(`^broken request \\d+: ${why}$`);
    return each([
        [both('settled', -1, mine), attempt('has another cost than budgets count')],
        [both('settled', 1, mine), attempt('has another cost than budgets count')],
        [both('reserved', 1, mine), attempt('ended and holds a part of a budget')],
        [both('reserved', 1, `attempt_id = 0 and kind = 'team' and request_id = ${ids.both.id}`),
         request('is over and holds a part of a budget')],
        [`with h as (delete from cs.budget_hold where attempt_id = ${ids.held.attempt_id}
              and kind = 'user' returning *)
          update cs.budget_account a set settled = a.settled - h.settled from h
              where (a.kind, a.scope_id, a.period, a.starts_at)
                  = (h.kind, h.scope_id, h.period, h.starts_at)`,
         new RegExp(`^broken attempt ${ids.held.attempt_id}: has a cost that no budget counts$`)],
        [`insert into cs.budget_hold (request_id, attempt_id, kind, scope_id, period, starts_at)
              select ${ids.first.id}, 0, kind, scope_id, period, starts_at from cs.budget_account
              where kind = 'user' limit 1; update cs.budget_hold set request_id = 9999
              where request_id = ${ids.first.id}`,
         request(`holds a part of somebody else's budget`)],
    ]);
});

/** SQL that makes the history one of before costs were covered, without seals that would say so. */
const UNCOVER = `do $$
    declare
        e cs.audit_event;
        before bytea;
    begin
        delete from cs.audit_seal;
        update cs.audit_event x set row_digests = (
                select jsonb_object_agg(d.key, d.value) from jsonb_each(x.row_digests) d
                where d.key not like 'cost_span:%')
            where x.row_digests::text like '%cost_span:%';
        for e in select * from cs.audit_event x where x.entity = 'request'
                 order by x.entity_id, x.entity_seq loop
            e.prev_hash := case when e.entity_seq = 1 or e.event = 'request.carried'
                then e.prev_hash else before end;
            e.hash := cs.audit_leaf(e);
            before := e.hash;
            update cs.audit_event x set prev_hash = e.prev_hash, hash = e.hash where x.id = e.id;
        end loop;
    end $$`;

test('costs of before are known by their id, and no others', async () => {
    const text = await readFile(path.join(root, 'sql/functions/prices.sql'), 'utf8');
    const baseline = text.slice(text.lastIndexOf('do $$')).trim().replace(/;$/, '');
    const where = `where attempt_id = ${ids.both.attempt_id}`;
    const none = /^broken cost \d+: is not as the audit trail has it$/;
    const strange = /^broken cost \d+: is of somebody else's run$/;
    const as = (role) => `set local session_replication_role = ${role}`;
    const last = `(select (body ->> 'last')::bigint from cs.audit_event
        where event = 'costs.baseline' order by id limit 1)`;
    const put = (id) => `insert into cs.cost_span (id, request_id, kind, provider, team_id,
        person_id, started_at, ended_at) overriding system value select ${id}, request_id, kind,
        provider, team_id, person_id, started_at, ended_at from cs.cost_span ${where}`;
    await each([
        [`update cs.cost_span set seconds = 1 ${where}`, /^whole$/],
        [`update cs.cost_span set nano_usd = nano_usd + 1 ${where}`,
         /^broken (attempt \d+: has another cost|account .*: began with less)/],
        [`update cs.cost_span set team_id = team_id + 1 ${where}`, strange],
        [`update cs.cost_span set request_id = request_id + 1 ${where}`, strange],
        [`delete from cs.audit_event where event = 'costs.baseline'`, none],
        [put(`${last} + 1`), none],
        [put('0'), none],
        [`${as('origin')}; perform cs.audit_put('instance', 1, '{"kind": "operator"}',
              'costs.baseline', '{"last": 99999}'); ${as('replica')}; ${put(`${last} + 1`)}`,
         none],
    ], `${UNCOVER}; ${as('origin')}; set local search_path = cs, pg_temp; ${baseline}; ${baseline};
        ${as('replica')}`, { SEAL_HEADS_FILE: '/nonexistent' });
});

// Behind the last of these, the first runs are in the trail only as what carries them says.
test('what a person settles, a price that comes later, and dropped rows change none of it',
     async () => {
    await jobs.call('settle_requests', { actor: jobs.actor('rob'), id: ids.lost.id,
                                         outcome: 'failed', note: 'killed' });
    await sql(`insert into cs.price (provider, resource, nano_usd_per_unit_second, valid_from,
        source) values ('e2b', 'cpu', 20000, '2026-08-02', 'ours')`);
    await ran('print(5)');
    await operator('end', 'user:*');
    await ran('print(6)');
    const people = await admins(stack);
    await drop(stack, people, `${stack.data}/dropped`);
    const { code, out, said } = await audit(stack, ['verify']);
    assert.equal(code, 0, out + said);
    const where = `where attempt_id = ${ids.first.attempt_id}`;
    await each([
        [`update cs.cost_span set nano_usd = 0 ${where}`,
         /^broken cost \d+: is not as the audit trail has it$/],
        [`delete from cs.cost_span ${where}`, /^broken cost \d+: is missing$/],
    ]);
});
