// Idempotency-Key: the same request again has the same answer and one effect, in every order.
// Proves: I5
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';
import { censusOf } from './raw.mjs';

let stack;
let ana;
let rob;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], bea: ['analyst'], rob: ['reviewer'] });
    [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
});
after(() => stack?.stop());

const BODY = { language: 'python', code: 'print(1)' };
const submit = (key, body = BODY, who = ana) => who.post('/api/requests', body,
                                                        key ? { 'idempotency-key': key } : {});
const count = async () => Number((await censusOf(stack)).request);

test('the same key again: same status, same body, one request', async () => {
    const before_ = await count();
    const first = await submit('"key-1"');
    const second = await submit('"key-1"');
    const bare = await submit('key-1');
    assert.equal(first.status, 201);
    assert.equal(first.headers.get('idempotency-replayed'), null);
    for (const again of [second, bare]) {
        assert.equal(again.status, 201);
        assert.equal(again.text, first.text);
        assert.equal(again.headers.get('idempotency-replayed'), 'true');
    }
    assert.equal(await count(), before_ + 1);
});

test('without a key every request is a new one', async () => {
    const before_ = await count();
    const [one, two] = [await submit(), await submit()];
    assert.notEqual(one.body.id, two.body.id);
    assert.equal(await count(), before_ + 2);
});

test('another body under the same key: 422', async () => {
    await submit('"key-2"');
    const other = await submit('"key-2"', { ...BODY, code: 'print(2)' });
    assert.deepEqual([other.status, other.body.error?.code, other.body.error?.field],
                     [422, 'idempotency_key_reused', 'Idempotency-Key']);
});

test('keys are each person\'s own, and each route\'s', async () => {
    const mine = await submit('"shared"');
    const theirs = await submit('"shared"', BODY, await stack.signIn('bea'));
    assert.equal(theirs.status, 201, theirs.text);
    assert.notEqual(theirs.body.id, mine.body.id);
    const again = await ana.post(`/api/requests/${mine.body.id}/cancel`, {},
                                 { 'idempotency-key': '"shared"' });
    assert.equal(again.status, 200, again.text);
});

test('the same key and body for another request is another use', async () => {
    const [one, two] = [await submit(), await submit()];
    const cancel = (request) => ana.post(`/api/requests/${request.body.id}/cancel`, {},
                                         { 'idempotency-key': '"cancel"' });
    assert.equal((await cancel(one)).body.state, 'cancelled');
    const answer = await cancel(two);
    assert.deepEqual([answer.status, answer.body.error?.code], [422, 'idempotency_key_reused']);
    assert.equal((await cancel(one)).body.state, 'cancelled', 'and the first is found again');
    assert.equal((await ana.get(`/api/requests/${two.body.id}`)).body.state, 'pending');
});

test('twenty at the same time: one effect', async () => {
    for (let round = 0; round < 5; round++) {
        const before_ = await count();
        const answers = await Promise.all(Array.from({ length: 20 },
                                                     () => submit(`"same-${round}"`)));
        for (const answer of answers) {
            assert.ok([201, 409].includes(answer.status), answer.text);
            if (answer.status === 409) {
                assert.equal(answer.body.error.code, 'idempotency_in_flight');
                assert.ok(answer.headers.get('retry-after'));
            }
        }
        const ids = new Set(answers.filter((a) => a.status === 201).map((a) => a.body.id));
        assert.equal(ids.size, 1);
        assert.equal(await count(), before_ + 1);
    }
});

test('a refused request does not use its key up', async () => {
    const refused = await submit('"later"', { ...BODY, files: [{ id: 999999 }] });
    assert.equal(refused.status, 400);
    assert.equal((await submit('"later"')).status, 201);
});

test('decisions with a key', async () => {
    const { body } = await submit();
    const decide = (verdict) => rob.post(`/api/requests/${body.id}/decisions`, {
        verdict, note: 'no', revision: 1, bundle_sha256: body.bundle_sha256,
    }, { 'idempotency-key': '"decide"' });
    const [one, two] = [await decide('reject'), await decide('reject')];
    assert.equal(one.status, 200, one.text);
    assert.equal(two.text, one.text);
    assert.equal((await decide('approve')).status, 422);
});

test('a batch under a key gives the same answers again', async () => {
    const before_ = await count();
    const send = () => ana.post('/api/requests:batch', { requests: [BODY, BODY, 7, BODY] },
                                { 'idempotency-key': '"batch"' });
    const [one, two] = [await send(), await send()];
    assert.equal(one.status, 200, one.text);
    assert.equal(two.text, one.text);
    assert.equal(await count(), before_ + 3);
});

test('run again with a key makes one new request', async () => {
    const { body } = await submit();
    await ana.post(`/api/requests/${body.id}/cancel`);
    const again = () => ana.post(`/api/requests/${body.id}/run-again`, {},
                                 { 'idempotency-key': '"again"' });
    const [one, two] = [await again(), await again()];
    assert.equal(one.status, 201, one.text);
    assert.equal(two.text, one.text);
});

test('a key outlives the process that took it', async () => {
    const first = await submit('"restart"');
    await stack.restart('api');
    const again = await submit('"restart"');
    assert.equal(again.text, first.text);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
});
