// Settings, sweep, event stream, lists, metrics and views agree on how long a request waits.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';

let stack;
let ana;
let rob;
let eva; // an admin of another team, who reviews nothing

before(async () => {
    stack = await startStack({ env: {
        SWEEP_MS: '100', REMIND_SECONDS: '1', ESCALATE_SECONDS: '2' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], eva: ['admin'] });
    ana = await stack.signIn('ana');
    rob = await stack.signIn('rob');
    eva = await stack.signIn('eva');
});
after(() => stack?.stop());

async function submit(body = {}) {
    const made = await ana.post('/api/requests', { language: 'python', code: '1\n', ...body });
    assert.equal(made.status, 201, made.text);
    return made.body;
}

const clockOf = async (who, id) => (await who.get(`/api/requests/${id}`)).body.clock;
const overdue = async (who) => (await who.get('/api/requests?view=overdue')).body.requests;

async function metric(name) {
    const { text } = await stack.client().get('/metrics');
    return new RegExp(`^countersign_${name} (.*)$`, 'm').exec(text)[1];
}

function told(id) {
    return stack.psql('auditor', `select event from audit.audit_logs
        where entity = 'request' and entity_id = ${id}
          and event in ('request.reminded', 'request.escalated') order by entity_seq`);
}

test('what nobody decides is reminded of and escalated, each told once', async () => {
    const stream = await rob.events();
    const { id } = await submit({ title: 'Nobody looks' });
    const heard = [];
    while (heard.at(-1) !== 'request.escalated') {
        const { data } = await stream.until((one) => one.event === 'request'
            && one.data.id === id && one.data.what !== 'request.submit');
        assert.equal(data.state, 'pending');
        heard.push(data.what);
    }
    stream.close();
    assert.deepEqual(heard, ['request.reminded', 'request.escalated']);
    const clock = await clockOf(rob, id);
    assert.deepEqual([clock.reminded, clock.escalated, clock.overdue], [true, true, true]);
    assert.equal(Date.parse(clock.remind_at) - Date.parse(clock.waits_since), 1000);
    assert.equal(Date.parse(clock.escalate_at) - Date.parse(clock.waits_since), 2000);
    for (const who of [rob, eva, ana])
        assert.deepEqual((await overdue(who)).map((one) => [one.id, one.clock]), [[id, clock]]);
    assert.equal(await metric('requests_overdue'), '1');
    const [row] = await stack.psql('auditor', `select waits_since, overdue
        from audit.approval_requests where id = ${id}`);
    assert.equal(row.overdue, true);
    assert.equal(Date.parse(row.waits_since), Date.parse(clock.waits_since));
    const asked = await eva.post('/api/audit/query', { question: 'waiting_requests' });
    assert.equal(asked.status, 200, asked.text);
    // More sweeps tell nothing more: of another request they told both meanwhile.
    const other = await submit();
    await until(async () => (await told(other.id)).length === 2, 'the other one');
    assert.equal((await told(id)).length, 2);
});

test('a new version starts anew, and an approval has an end of its own', async () => {
    const made = await submit();
    await until(async () => (await clockOf(ana, made.id)).escalated, 'the escalation');
    const before = await clockOf(ana, made.id);
    const revised = await ana.post(`/api/requests/${made.id}/revisions`,
        { revision: 1, code: '2\n' });
    assert.equal(revised.status, 201, revised.text);
    const clock = await clockOf(ana, made.id);
    assert.ok(Date.parse(clock.waits_since) > Date.parse(before.escalate_at));
    await until(async () => (await told(made.id)).length === 4, 'both of the second round');
    await stack.halt('worker-1');
    const { bundle_sha256 } = revised.body;
    const decided = await rob.post(`/api/requests/${made.id}/decisions`,
        { verdict: 'approve', revision: 2, bundle_sha256 });
    assert.equal(decided.status, 200, decided.text);
    const approved = await clockOf(ana, made.id);
    assert.deepEqual(Object.keys(approved).sort(),
        ['ages_out_at', 'escalated', 'overdue', 'reminded']);
    assert.deepEqual([approved.reminded, approved.overdue], [false, false]);
});

test('0 switches them off', async () => {
    await stack.restart('api', { REMIND_SECONDS: '0', ESCALATE_SECONDS: '0' });
    const { id } = await submit();
    assert.deepEqual(Object.keys(await clockOf(ana, id)).sort(),
        ['escalated', 'expires_at', 'overdue', 'reminded', 'waits_since']);
});
