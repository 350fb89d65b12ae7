// Names of people and teams, programs that sign in, reasons, notes, and what the audit trail and
// running code say: whatever they hold, no view runs it, and none asks another site for anything.
// Proves: T14
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { assertClean, decide, openBrowser, openPerson, submit } from './people.mjs';

const ATTACK = '"><img src=//evil.test/x onerror=countersignAttack()>'
    + '<svg onload=countersignAttack()>';
const SCRIPT = '</title><script>countersignAttack()</script>';

let stack;
let browser;
let page; // of somebody who sees everything
let mia;
let id;
let team;

async function must(promise, status) {
    const answer = await promise;
    assert.equal(answer.status, status, answer.text);
    return answer.body;
}

// Somebody whose program calls itself what it likes.
async function signInAs(login, agent) {
    const link = await stack.operator('link', login);
    const answer = await stack.client().post('/api/login', {
        link_token: link.slice(link.indexOf('#') + 1),
    }, { 'user-agent': agent });
    assert.equal(answer.status, 200, answer.text);
}

async function nameAll(admin) {
    ({ id: team } = await must(admin.post('/api/teams', { name: ATTACK }), 201));
    const { people } = await must(admin.get('/api/people'), 200);
    for (const person of people)
        await must(admin.send('PATCH', `/api/people/${person.id}`, {
            body: JSON.stringify({ name: `${person.login} ${ATTACK}`.slice(0, 100),
                                   team_ids: [team] }),
            headers: { 'content-type': 'application/json' },
        }), 204);
    await must(admin.post('/api/pauses', { scope: `team:${team}`, reason: ATTACK }), 201);
}

async function makeRequests(noor, eva) {
    const text = { title: SCRIPT, question: ATTACK, state: ATTACK };
    id = await submit(mia, text);
    await decide(noor, id, 'request_changes', ATTACK);
    const gone = await submit(mia, text);
    await must(mia.post(`/api/requests/${gone}/cancel`, { note: SCRIPT }), 200);
    await submit(mia, text);
    await submit(eva, text);
}

before(async () => {
    stack = await startStack();
    await stack.people({ mia: ['analyst'], noor: ['reviewer'],
                         eva: ['analyst', 'reviewer', 'admin'] });
    mia = await stack.signIn('mia');
    const noor = await stack.signIn('noor');
    const eva = await stack.signIn('eva');
    await nameAll(eva);
    await makeRequests(noor, eva);
    await signInAs('eva', ATTACK);
    browser = await openBrowser();
    page = await openPerson(stack, browser, 'eva', { to: '/requests' });
    page.attacks = [];
    await page.exposeBinding('countersignAttack', () => page.attacks.push('ran'));
    page.on('dialog', (dialog) => {
        page.attacks.push('dialog');
        return dialog.dismiss();
    });
    page.on('request', (request) => {
        if (!request.url().startsWith(stack.url) && !request.url().startsWith('blob:'))
            page.attacks.push(request.url());
    });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const shows = (text) => page.getByText(text).first().waitFor()
    .catch(() => assert.fail(`${page.url()} does not show ${text}`));
async function open(path, ...texts) {
    await page.goto(stack.url + path);
    for (const text of texts) await shows(text);
    assert.equal(await page.locator('main img[src*="evil"], main script, main iframe').count(), 0);
    assert.deepEqual(page.attacks, [], path);
    assertClean(page);
}

test('lists, a request and the desk show names and titles as text', async () => {
    await open('/requests', SCRIPT);
    await open('/review', SCRIPT, 'mia ">');
    await open(`/review/${id}`, SCRIPT, 'mia ">');
    for (const key of ['1', '2', '3', '4']) await page.keyboard.press(key);
    await open(`/requests/${id}`, SCRIPT, ATTACK);
    await page.getByRole('tab', { name: /Activity/ }).click();
    await shows('noor ">');
    await open('/ask');
    assert.ok((await page.title()).length > 0);
});

test('teams, reasons and programs that signed in are text', async () => {
    await open('/workers', ATTACK);
    await open('/account', ATTACK);
});

test('an answer of the audit trail is text: cells, columns and errors', async () => {
    await open('/audit?q=sql');
    const run = async (sql) => {
        await page.getByLabel('SQL', { exact: true }).fill(sql);
        await page.keyboard.press('Control+Enter');
    };
    const answer = page.getByRole('region', { name: 'Answer' });
    await run(`select title as "<img src=x onerror=countersignAttack()>", '${ATTACK}' as b
        from approval_requests`);
    await answer.getByRole('cell', { name: SCRIPT }).first().waitFor();
    await run('select "<img src=//evil.test/x onerror=countersignAttack()>" from nowhere');
    await answer.getByText('nowhere').first().waitFor();
    await open('/audit?q=live_sessions');
    assert.deepEqual(page.attacks, []);
});

test('what running code prints is text while it runs', async () => {
    const code = ['import sys, time',
                  `print(${JSON.stringify(ATTACK)}, flush=True)`,
                  `print(${JSON.stringify(SCRIPT)}, file=sys.stderr, flush=True)`,
                  'time.sleep(20)'].join('\n');
    await must((await stack.signIn('eva')).del('/api/pauses', { scope: `team:${team}` }), 204);
    const running = await submit(mia, { code, title: ATTACK });
    await decide(await stack.signIn('noor'), running, 'approve');
    await open(`/requests/${running}`, ATTACK);
    await page.locator('pre', { hasText: ATTACK }).first().waitFor();
    assert.deepEqual(page.attacks, []);
    assertClean(page);
    await must(mia.post(`/api/requests/${running}/cancel`), 200);
});
