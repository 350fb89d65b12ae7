// What people may ask of the audit trail over the api, and what the trail says about who read what.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStack } from './stack.mjs';

let stack;
const who = {};

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], eva: ['admin'] });
    for (const login of ['ana', 'rob', 'eva']) who[login] = await stack.signIn(login);
});
after(() => stack?.stop());

const submit = async (code = 'select 1') => (
    await who.ana.post('/api/requests', { language: 'sql', code })).body.id;
const readings = (id) => stack.psql('auditor', `select person, revision from code_readings
    where request_id = ${id} order by person, revision`);

test('who opens the code of somebody else is recorded, once for each version', async () => {
    const id = await submit();
    const at = `/api/requests/${id}`;
    assert.deepEqual(await readings(id), []);
    await Promise.all([1, 2, 3, 4].map(() => who.rob.get(at)));
    await who.ana.get(at);
    await who.rob.get(`${at}/revisions/1`);
    assert.deepEqual(await readings(id), [{ person: 'rob', revision: 1 }]);
    await who.ana.post(`${at}/revisions`, { revision: 1, language: 'sql', code: 'select 2' });
    await who.eva.get(`${at}/revisions/1`);
    await who.rob.get(`${at}?wait=1&until=done`);
    assert.deepEqual(await readings(id), [{ person: 'eva', revision: 1 },
        { person: 'rob', revision: 1 }, { person: 'rob', revision: 2 }]);
});

test('lists and streams hold no code, and record nothing', async () => {
    const id = await submit('select 3');
    await who.rob.get('/api/requests?view=all');
    await who.rob.get(`/api/audit?request_id=${id}`);
    assert.equal((await who.rob.get('/api/requests/999999')).status, 404);
    assert.deepEqual(await readings(id), []);
});
