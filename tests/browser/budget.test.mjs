// Money on the page: who has none left reads why, a reviewer sees what a run may cost and what is
// left for it, and what is approved and waits for money says so.
// Proves: T26
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startE2b } from '../fake/e2b.mjs';
import { startStack } from '../flow/stack.mjs';
import { assertClean, decide, findBarriers, inspect, openBrowser, openPerson, submit }
    from './people.mjs';

const BOUND = 2722500; // 30 seconds and a minute of two processors and half a GiB
let fake;
let stack;
let browser;
let mia; // the analyst, over HTTP
let noor; // the reviewer, over HTTP
let eva; // the admin, over HTTP
let page; // mia's window
let desk; // noor's
let scope;

const limits = { wall_ms: 30000 };
const send = (more) => submit(mia, { limits, ...more });
const setLimit = async (nano_usd) => {
    const answer = await eva.put(`/api/budgets/${scope}`, { limit_nano_usd: nano_usd });
    assert.equal(answer.status, 200, answer.text);
};
const isOver = (id) => mia.get(`/api/requests/${id}?wait=60&until=done`);
const used = async () => {
    const { body } = await mia.get('/api/budgets');
    const [{ settled_nano_usd: settled, reserved_nano_usd: reserved }] = body.budgets[0].holders;
    return settled + reserved;
};

before(async () => {
    fake = await startE2b();
    stack = await startStack({ env: { ...fake.env, LOCAL_OFF: '1', SWEEP_MS: '200' } });
    await stack.people({ mia: ['analyst'], noor: ['reviewer'], eva: ['admin'] });
    await stack.rulesOff();
    [mia, noor, eva] = [await stack.signIn('mia'), await stack.signIn('noor'),
                        await stack.signIn('eva')];
    scope = `user:${mia.person.id}`;
    const first = await send(); // by it the size of a sandbox is known
    await decide(noor, first, 'approve');
    assert.equal((await isOver(first)).body.state, 'succeeded');
    browser = await openBrowser();
    page = await openPerson(stack, browser, 'mia', { to: '/ask' });
    desk = await openPerson(stack, browser, 'noor', { to: '/review' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
    await fake?.stop();
});

const money = (at) => at.locator('section', { has: at.getByRole('heading', { name: 'Cost' }) });
const fact = (name) => money(desk).locator('.facts div', { hasText: name });
const said = async (place) => (await place.innerText()).replace(/\s+/g, ' ');

test('where nobody set a limit there is nothing about money', async () => {
    const id = await send();
    await desk.goto(`${stack.url}/review/${id}`);
    await desk.getByText('Safe to run twice').waitFor();
    assert.equal(await money(desk).count(), 0);
    await decide(noor, id, 'reject', 'not now');
});

test('a reviewer sees what a run may cost, and how much is left', async () => {
    await setLimit(9000000000000000);
    const before = await used();
    await setLimit(before + 10 * BOUND);
    const id = await send();
    await desk.goto(`${stack.url}/review/${id}`);
    await fact('This run, at most').waitFor();
    assert.equal(await said(fact('This run, at most')), 'This run, at most $0.002723');
    assert.match(await said(fact('Budget of mia')), /^Budget of mia \$0\.\d+ of \$0\.\d+$/);
    await setLimit(before + BOUND + 1);
    await desk.reload();
    await fact('nearly used up').waitFor();
    await setLimit(before + BOUND);
    await desk.reload();
    await desk.locator('.facts div', { hasText: '· used up' }).waitFor();
    await inspect(desk, 'budget-desk');
});

test('who has nothing left reads why, keeps the draft, and sends it later', async () => {
    await page.getByLabel('Your question').fill('How many?');
    await page.locator('#ask-code').fill('print(2)');
    const send = page.getByRole('button', { name: 'Send for review' });
    await send.click();
    const refusal = 'The budget of mia has no room for this';
    const alert = page.locator('[role=alert]', { hasText: refusal });
    await alert.waitFor();
    assert.match(await said(alert), /until 1 \w+ 20\d\d: of \$[\d.]+, \$[\d.]+ are spent and /);
    assert.equal(await page.locator('#ask-code').inputValue(), 'print(2)');
    assert.deepEqual(await findBarriers(page), []);
    await inspect(page, 'budget-refused');
    await setLimit(await used() + 2 * BOUND);
    await send.click();
    await page.waitForURL(/request=\d+/);
});

test('what was approved and has no money left says that it waits for it', async () => {
    assert.equal((await eva.del(`/api/budgets/${scope}`)).status, 204);
    const id = await send();
    await setLimit(1);
    await decide(noor, id, 'approve');
    await page.goto(`${stack.url}/requests/${id}`);
    await page.getByText('There is no money left for it.').waitFor();
    await page.getByText(/The budget of mia has no room for this until/).waitFor();
    await page.getByText('Your request is safe and starts on its own.').waitFor();
    await inspect(page, 'budget-waits');
    await setLimit(9000000000000000);
    assert.equal((await isOver(id)).body.state, 'succeeded');
    assertClean(page, desk);
});
