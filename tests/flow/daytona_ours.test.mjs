// Daytona answers a create with the sandbox of somebody else, where code would run beside theirs
// and end theirs with its own; or with an address in our own net, which would get the key.
// Proves: T19b T21
import test from 'node:test';
import assert from 'node:assert/strict';
import { runRow } from './fault_table.mjs';
import { CREATE, LOOK, UNAVAILABLE, editJson, harness } from './daytona_faults_harness.mjs';

const ME = { attempt_id: 77, instance: '0a1b2c3d-0000-4000-8000-000000000000' };
const labels = (attempt, fence, countersign = ME.instance) => ({ countersign, attempt, fence });

const prepare = (theirs) => async (fake) => {
    const answer = await fetch(`${fake.url}/sandbox`, { method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${fake.key}` },
        body: JSON.stringify({ name: 'theirs', labels: theirs }) });
    assert.equal(answer.status, 200);
    fake.creates = 0;
    fake.calls.length = 0;
};

test('no code goes to the sandbox of another', async () => {
    for (const theirs of [labels('78', '1'), labels('77', '7'), labels('77', '1', 'ffff'), {}])
        await runRow({ job: ME, want: UNAVAILABLE, executions: 0, left: 1,
            prepare: prepare(theirs),
            rules: (fake) => [{ match: CREATE,
                ...editJson((one) => { one.id = fake.left()[0].id; }) }],
            check: (result, fake) => {
                assert.deepEqual(fake.left().map(({ name }) => name), ['theirs']);
                assert.deepEqual(fake.callsTo('* /toolbox/*'), []);
            } }, harness);
});

test('no code goes to an address near us', async () => {
    await runRow({ want: UNAVAILABLE, executions: 0, env: { DAYTONA_CALL_MS: '3000' },
        rules: [CREATE, LOOK].map((match) => ({ match, times: Infinity, ...editJson((one) => {
            one.toolboxProxyUrl = one.toolboxProxyUrl.replace('127.0.0.1', 'localhost');
        }) })),
        check: (result, fake) => assert.deepEqual(fake.callsTo('* /toolbox/*'), []) }, harness);
});
