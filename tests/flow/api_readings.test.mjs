// Who is given results, inputs and output is in the trail before they have them, or they have none.
// Proves: T20a
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openJobs } from './jobs.mjs';
import { startStack } from './stack.mjs';

const MIB = 1048576;
const CODE = `import pandas as pd
print('kept')
open('out.bin', 'wb').write(b'x' * ${2 * MIB + 5})
pd.DataFrame({'n': [1]})`;
let stack;
let jobs;
let at;
let input;
const who = {};

before(async () => {
    stack = await startStack({ workers: 1 });
    jobs = await openJobs(stack);
    await stack.people({ eva: ['admin'] });
    for (const login of ['ana', 'rob', 'eva']) who[login] = await stack.signIn(login);
    input = await jobs.upload('in.csv', 'a\n1\n');
    const run = await jobs.run(CODE, { files: [input] });
    at = `/api/requests/${run.id}`;
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
});
after(() => stack?.stop());

const saw = async () => (await stack.psql('auditor', `select person, what, kind, name, session_id
    from who_saw_what where what <> 'code' order by ts`));
const items = async () => (await who.ana.get(at)).body.attempts.at(-1).items;
const urlOf = (item) => `${at}/results/${item.n}`;

test('a result is recorded once for each person, however often they load it', async () => {
    const all = await items();
    assert.deepEqual(await saw(), [], 'the page of the request gives none away');
    const file = all.find((item) => item.kind === 'file');
    assert.equal(file.bytes, 2 * MIB + 5);
    const answers = await Promise.all([1, 2, 3].map(() => who.rob.get(urlOf(file))));
    for (const { status, bytes } of answers) assert.deepEqual([status, bytes.length],
        [200, file.bytes]);
    await who.ana.get(urlOf(file));
    const told = await saw();
    assert.deepEqual(told.map(({ person, what, kind, name }) => [person, what, kind, name]),
        [['rob', 'result', 'file', 'out.bin'], ['ana', 'result', 'file', 'out.bin']]);
    assert.ok(told[0].session_id > 0 && told[0].session_id !== told[1].session_id);
});

test('who asks how long it is, or asks wrongly, has read nothing', async () => {
    const before = await saw();
    const text = (await items()).find((item) => item.kind === 'stdout');
    const head = await who.eva.send('HEAD', urlOf(text));
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '5']);
    assert.equal((await who.eva.get(`${urlOf(text)}?format=csv`)).status, 400);
    assert.equal((await who.eva.get(`${at}/results/99`)).status, 404);
    assert.equal((await who.eva.send('HEAD', `/api/files/${input.id}`)).status, 200);
    assert.equal((await who.eva.get('/api/files/999999')).status, 404);
    assert.deepEqual(await saw(), before);
});

test('an input is recorded, too', async () => {
    const before = await saw();
    assert.equal((await who.rob.get(`/api/files/${input.id}`)).text, 'a\n1\n');
    const told = (await saw()).slice(before.length);
    assert.deepEqual(told.map(({ person, what, name }) => [person, what, name]),
        [['rob', 'file', 'in.csv']]);
});

test('what can not be recorded is not given', async () => {
    const file = `/api/files/${input.id}`;
    const { id } = await jobs.approve(await jobs.submit('print(1)'), 600);
    const text = (await items()).find((item) => item.kind === 'stdout');
    await who.rob.get(file);
    await stack.psql('superuser', `create function public.full() returns trigger language plpgsql
        as $$ begin raise 'no room' using errcode = 'disk_full'; end $$;
        create trigger no_room before insert on cs.audit_event for each row
        when (new.event in ('result.read', 'file.read', 'output.followed'))
        execute function public.full()`);
    try {
        for (const url of [urlOf(text), file, `/api/requests/${id}/output`]) {
            const refused = await who.eva.get(url);
            assert.ok(refused.status >= 500, `${url} ${refused.status}`);
            assert.doesNotMatch(refused.text, /kept|a\n1/);
        }
        assert.equal((await who.rob.get(file)).status, 200, 'who is in the trail needs no row');
    } finally {
        await stack.psql('superuser', 'drop trigger no_room on cs.audit_event');
    }
    assert.equal((await who.eva.get(urlOf(text))).text, 'kept\n');
});

test('a table as CSV is read like any other', async () => {
    const before = await saw();
    const table = (await items()).find((item) => item.kind === 'table');
    const answer = await who.eva.get(`${urlOf(table)}?format=csv`);
    assert.deepEqual([answer.status, answer.text], [200, 'n\r\n1\r\n']);
    const told = (await saw()).slice(before.length);
    assert.deepEqual(told.map(({ person, kind }) => [person, kind]), [['eva', 'table']]);
    await who.eva.get(urlOf(table));
    assert.equal((await saw()).length, before.length + 1, 'the same item in another form');
});

test('whoever follows what a run prints is recorded, once', async () => {
    const before = await saw();
    const { id } = await jobs.approve(await jobs.submit('print(1)'), 600);
    for (const login of ['rob', 'rob', 'ana'])
        (await who[login].events(`/api/requests/${id}/output`)).close();
    const told = (await saw()).slice(before.length);
    assert.deepEqual(told.map(({ person, what }) => [person, what]),
        [['rob', 'live output'], ['ana', 'live output']]);
});
