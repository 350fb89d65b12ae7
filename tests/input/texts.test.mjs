// Text in every field that takes text (d.3) over one stack.
// Proves: T10 T20 V6.2.5 V6.2.8
import test from 'node:test';
import assert from 'node:assert/strict';
import { openWorld, runRows, checkLog } from './rows.mjs';
import { makeWorld, people } from './world.mjs';
import { words } from './texts.mjs';

const world = openWorld({ people, prepare: makeWorld });

runRows(world, 'text', words, (answer, [, request]) => {
    if (answer.status === 422 && answer.body.error.field === 'code')
        assert.match(answer.body.error.message, /^line \d+, column \d+: /);
    if (/\?q=/.test(request) && answer.status === 200) assert.deepEqual(answer.body.requests, []);
});

test('a text that is taken comes back as it was', async () => {
    const { ana } = world.who;
    const text = '<script>alert(1)</script> {{7*7}} %n%s \u{1f469}\u200d\u{1f4bb} e\u0301 =1+1';
    const sent = { language: 'python', code: `# ${text.replace('\u200d', '')}`, title: text,
                   question: `${text}\n\t'; drop table cs.request; --`, state: text };
    const made = await ana.post('/api/requests', sent);
    assert.equal(made.status, 201, made.text);
    const { body } = await ana.get(`/api/requests/${made.body.id}`);
    assert.deepEqual([body.code, body.title, body.question, body.state_echo],
                     [sent.code, sent.title, sent.question, sent.state]);
    assert.notDeepEqual(await world.state.changes(), [], 'and the digests see it');
});

checkLog(world);
