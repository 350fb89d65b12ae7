// The main path over HTTP: submit, read, decide, run, results, and who sees what.
// Proves: T14
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';

let stack;
let ana;
let rob;
let quiet; // an event stream that nobody reads until the end

before(async () => {
    stack = await startStack();
    await stack.people({ ana: ['analyst'], bea: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
    quiet = await (await stack.signIn('bea')).events();
});
after(() => stack?.stop());

function submit(person, more = {}, headers = {}) {
    return person.post('/api/requests', { language: 'python', code: 'print(1)', ...more }, headers);
}

function approve(person, request, more = {}) {
    return person.post(`/api/requests/${request.id}/decisions`, {
        verdict: 'approve', revision: request.revision, bundle_sha256: request.bundle_sha256,
        ...more,
    });
}

test('a question goes from the form to the answer', async () => {
    const csv = 'item,amount\nespresso,3\nfilter,4\n';
    const file = await ana.upload('orders.csv', csv);
    assert.equal(file.status, 201, file.text);
    assert.deepEqual([file.body.name, file.body.bytes, file.body.media_type],
                     ['orders.csv', csv.length, 'text/csv']);
    const code = 'import pandas as pd\ndf = pd.read_csv("orders.csv")\nprint("=rows", len(df))\n'
        + 'df["note"] = ["=1+1", "plain"]\nopen("a b.txt", "w").write("made")\ndf\n';
    const sent = await submit(ana, { title: 'Sums', question: 'How much?', code,
                                     files: [{ id: file.body.id }], retry_safe: true });
    assert.equal(sent.status, 201, sent.text);
    assert.match(sent.body.bundle_sha256, /^[0-9a-f]{64}$/);
    assert.equal(sent.body.url, `/requests/${sent.body.id}`);

    const listed = await rob.get('/api/requests?view=review');
    assert.equal(listed.body.counts.review, 1, listed.text);
    assert.equal(listed.body.requests[0].title, 'Sums');
    assert.equal(listed.body.requests[0].can_decide, true);

    const seen = await rob.get(`/api/requests/${sent.body.id}`);
    assert.equal(seen.body.code, code);
    assert.equal(seen.body.bundle.sha256, sent.body.bundle_sha256);
    assert.equal(seen.body.can.decide, true);
    assert.equal((await ana.get(`/api/requests/${sent.body.id}`)).body.can.decide, false);

    const waiting = ana.get(`/api/requests/${sent.body.id}?wait=60&until=done`);
    const decided = await approve(rob, sent.body);
    assert.equal(decided.status, 200, decided.text);
    const done = await waiting;
    assert.equal(done.body.state, 'succeeded', done.text);
    const [attempt] = done.body.attempts;
    const items = Object.fromEntries(attempt.items.map((item) => [item.kind, item]));
    const results = `/api/requests/${sent.body.id}/results`;

    const stdout = await ana.get(`${results}/${items.stdout.n}`);
    assert.equal(stdout.text, '=rows 2\n');
    assert.equal(stdout.headers.get('content-type'), 'text/plain; charset=utf-8');
    const table = await ana.get(`${results}/${items.table.n}`);
    assert.deepEqual(table.body.rows.map((row) => row.slice(-3)),
                     [['espresso', 3, '=1+1'], ['filter', 4, 'plain']], table.text);
    const asCsv = await ana.get(`${results}/${items.table.n}?format=csv&attempt=${attempt.id}`);
    assert.match(asCsv.text, /espresso,3,"'=1\+1"\r\n/);
    assert.match(asCsv.headers.get('content-type'), /^text\/csv/);
    const made = await ana.get(`${results}/${items.file.n}`);
    assert.equal(made.text, 'made');
    assert.equal(made.headers.get('content-disposition'),
                 'attachment; filename="a b.txt"; filename*=UTF-8\'\'a%20b.txt');
    for (const answer of [stdout, table, asCsv, made])
        assert.match(answer.headers.get('content-security-policy'), /^sandbox; default-src 'none'/);
    const back = await rob.get(`/api/files/${file.body.id}`);
    assert.equal(back.text, csv);
    assert.match(back.headers.get('content-disposition'), /^attachment; filename="orders.csv"/);
    const trail = await rob.get(`/api/audit?request_id=${sent.body.id}`);
    assert.equal(trail.body.whole, true, trail.text);
    assert.ok(trail.body.events.length >= 5);
});

test('what is not shared with somebody does not exist for them', async () => {
    const bea = await stack.signIn('bea');
    const sent = await submit(ana);
    for (const path of ['', '/revisions/1', '/events', '/results/1'])
        assert.equal((await bea.get(`/api/requests/${sent.body.id}${path}`)).status, 404, path);
    const unknown = await bea.get('/api/requests/999999');
    const hidden = await bea.get(`/api/requests/${sent.body.id}`);
    assert.equal(hidden.text, unknown.text);
    for (const [verb, body] of [['cancel', {}], ['run-again', {}],
                                ['revisions', { revision: 1, code: 'print(2)' }]]) {
        const answer = await bea.post(`/api/requests/${sent.body.id}/${verb}`, body);
        assert.equal(answer.status, 404, `${verb} ${answer.text}`);
    }
    const file = await ana.upload('mine.csv', 'a\n1\n');
    assert.equal((await bea.get(`/api/files/${file.body.id}`)).status, 404);
    const stolen = await submit(bea, { files: [{ id: file.body.id }] });
    assert.deepEqual([stolen.status, stolen.body.error.field], [400, 'files.0.id'], stolen.text);
});

// Proves: T2
test('who asked how long the code is was not sent it', async () => {
    const sent = await submit(ana);
    const at = `/api/requests/${sent.body.id}`;
    const readings = () => stack.psql('auditor',
        `select person from code_readings where request_id = ${sent.body.id}`);
    for (const path of [at, `${at}/revisions/1`]) {
        const answer = await rob.send('HEAD', path);
        assert.deepEqual([answer.status, answer.text], [200, '']);
    }
    assert.deepEqual(await readings(), []);
    await rob.get(at);
    assert.deepEqual(await readings(), [{ person: 'rob' }]);
});

test('a decision names the digest it saw', async () => {
    const sent = (await submit(ana)).body;
    const other = await approve(rob, { ...sent, bundle_sha256: 'a'.repeat(64) });
    assert.equal(other.status, 409);
    assert.equal(other.body.error.code, 'stale');
    const revised = await ana.post(`/api/requests/${sent.id}/revisions`,
                                   { revision: 1, code: 'print(2)' });
    assert.equal(revised.status, 201, revised.text);
    const late = await approve(rob, sent);
    assert.deepEqual([late.status, late.body.error.code], [409, 'stale']);
    const again = await ana.post(`/api/requests/${sent.id}/revisions`,
                                 { revision: 1, code: 'print(3)' });
    assert.deepEqual([again.status, again.body.error.code], [409, 'stale']);
    const first = await rob.get(`/api/requests/${sent.id}/revisions/1`);
    assert.equal(first.body.code, 'print(1)');
    const fine = await approve(rob, revised.body);
    assert.equal(fine.status, 200, fine.text);
    const twice = await approve(rob, revised.body);
    assert.equal(twice.status, 200, 'the same decision again has the same answer');
    assert.equal(twice.body.decision_id, fine.body.decision_id);
    const reject = await rob.post(`/api/requests/${sent.id}/decisions`, {
        verdict: 'reject', note: 'no', revision: 2, bundle_sha256: revised.body.bundle_sha256,
    });
    assert.deepEqual([reject.status, reject.body.error.code], [409, 'already_decided']);
});

test('approve and reject at the same moment: one wins', async () => {
    await stack.operator('person', 'add', 'ros', '--team', 'data', '--role', 'reviewer');
    const ros = await stack.signIn('ros');
    for (let round = 0; round < 10; round++) {
        const sent = (await submit(ana)).body;
        const answers = await Promise.all([
            approve(rob, sent, { undo_seconds: 60 }),
            ros.post(`/api/requests/${sent.id}/decisions`, {
                verdict: 'reject', note: 'no', revision: 1, bundle_sha256: sent.bundle_sha256,
            }),
        ]);
        assert.deepEqual(answers.map((a) => a.status).sort(), [200, 409]);
        const winner = answers.find((a) => a.status === 200).body.state;
        assert.equal((await ana.get(`/api/requests/${sent.id}`)).body.state, winner);
    }
});

test('undo, cancel, request changes, run again', async () => {
    const sent = (await submit(ana)).body;
    const decided = await approve(rob, sent, { undo_seconds: 60 });
    assert.ok(decided.body.not_before, decided.text);
    const undone = await rob.post(`/api/requests/${sent.id}/undo`);
    assert.equal(undone.body.state, 'pending', undone.text);
    const change = await rob.post(`/api/requests/${sent.id}/decisions`, {
        verdict: 'request_changes', revision: 1, bundle_sha256: sent.bundle_sha256,
    });
    assert.deepEqual([change.status, change.body.error.field], [400, 'note'], change.text);
    const asked = await rob.post(`/api/requests/${sent.id}/decisions`, {
        verdict: 'request_changes', note: 'Say why', revision: 1,
        bundle_sha256: sent.bundle_sha256,
    });
    assert.equal(asked.body.state, 'changes_requested', asked.text);
    const cancelled = await ana.post(`/api/requests/${sent.id}/cancel`, { note: 'never mind' });
    assert.equal(cancelled.body.state, 'cancelled', cancelled.text);
    const again = await ana.post(`/api/requests/${sent.id}/run-again`);
    assert.equal(again.status, 201, again.text);
    assert.notEqual(again.body.id, sent.id);
    assert.equal((await ana.get(`/api/requests/${again.body.id}`)).body.state, 'pending');
});

test('a stream on which nothing happens still beats', async () => {
    const other = (async () => {
        for (;;) if (!await quiet.next()) return;
    })();
    await until(() => quiet.heartbeats > 0, 'a heartbeat');
    quiet.close();
    await other.catch(() => {});
});
