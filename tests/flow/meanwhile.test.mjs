// Somebody edits a request at the very moment at which another approves it, again and again: what
// is approved is what was read, or nothing. INTERLEAVINGS=10000 makes it longer.
// Proves: T2
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

const COUNT = Number(process.env.INTERLEAVINGS ?? 2000);
const BATCH = 50; // of one call
const AT_ONCE = 10; // pairs

let stack;
const who = {};

before(async () => {
    stack = await startStack({ workers: 0, env: { MAX_WAITING_PER_PERSON: '1000000' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    for (const login of ['ana', 'rob']) who[login] = await stack.signIn(login);
});
after(() => stack?.stop());

async function submit() {
    const requests = Array.from({ length: BATCH }, () => ({ language: 'python', code: '"read"' }));
    const { body, text } = await who.ana.post('/api/requests:batch', { requests });
    assert.ok(body.results?.every(({ status }) => status === 201), text.slice(0, 400));
    return body.results.map((result) => result.body);
}

// Both at once, the one or the other a moment earlier: who won, or what else was answered.
async function race({ id, bundle_sha256: digest }, turn) {
    const edit = () => who.ana.post(`/api/requests/${id}/revisions`,
                                    { revision: 1, code: '"changed"' });
    const approve = () => who.rob.post(`/api/requests/${id}/decisions`,
                                       { verdict: 'approve', revision: 1, bundle_sha256: digest });
    const inTurn = turn % 2 ? [edit, approve] : [approve, edit];
    const answers = await Promise.all(inTurn.map((act) => act()));
    const [edited, approved] = turn % 2 ? answers : answers.reverse();
    return [edited, approved].map(({ status, body }) => body.error?.code ?? status).join(', ');
}

test('what is edited while it is approved is approved as it was read, or not', async (t) => {
    const seen = {};
    for (let done = 0; done < COUNT; done += BATCH) {
        const requests = await submit();
        for (let at = 0; at < BATCH; at += AT_ONCE)
            for (const how of await Promise.all(requests.slice(at, at + AT_ONCE)
                .map((request, n) => race(request, n))))
                seen[how] = (seen[how] ?? 0) + 1;
    }
    t.diagnostic(JSON.stringify(seen));
    const [found] = await stack.psql('superuser', `
        select count(*)::int as all, count(*) filter (where r.state = 'approved')::int as approved,
            count(*) filter (where r.state = 'approved' and (v.code <> '"read"' or not exists (
                select from cs.decision d where d.request_id = r.id and d.revision = r.revision
                and d.round = r.round and d.bundle_sha256 = v.bundle_sha256)))::int as wrong
        from cs.request r
        join cs.revision v on v.request_id = r.id and v.revision = r.revision`);
    const [attempts] = await stack.psql('superuser', `
        select count(*)::int as wrong from cs.attempt a
        join cs.revision v on v.request_id = a.request_id and v.revision = a.revision
        where v.code <> '"read"'`);
    assert.deepEqual([found.all, found.wrong, attempts.wrong], [COUNT, 0, 0]);
    assert.deepEqual(Object.keys(seen).sort(), ['201, stale', 'wrong_state, 200']);
    assert.equal(found.approved, seen['wrong_state, 200']);
});
