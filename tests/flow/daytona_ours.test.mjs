// Daytona answers a create with the sandbox of somebody else: code would run beside theirs, and end
// theirs with its own.
// Proves: T19b
import test from 'node:test';
import assert from 'node:assert/strict';
import { runRow } from './fault_table.mjs';
import { CREATE, UNAVAILABLE, editJson, harness } from './daytona_faults_harness.mjs';

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
