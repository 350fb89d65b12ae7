// The page without reloads: new rows, a lost stream, a stopped api, lists that stay cheap.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, decide, openBrowser, openPerson, sideways, submit } from './people.mjs';

let stack;
let browser;
let mia;
let noor;
let anna;

const word = (page) => page.locator('.live .long');

before(async () => {
    stack = await startStack();
    await stack.people({
        mia: ['analyst'],
        anna: ['reviewer'],
        noor: ['reviewer'],
        eva: ['admin'],
    });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    browser = await openBrowser();
    anna = await openPerson(stack, browser, 'anna', { to: '/review' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('the first request opens by itself; later ones wait behind a button', async () => {
    await word(anna).getByText('Live', { exact: true }).waitFor();
    const first = await submit(mia, { title: 'The first one' });
    await anna.waitForURL(`**/review/${first}`);
    await submit(mia, { title: 'The second one' });
    await submit(mia, { title: 'The third one' });
    const button = anna.getByRole('button', { name: '2 new' });
    await button.waitFor();
    assert.equal(await anna.locator('.queue .row').count(), 1);
    await button.click();
    assert.deepEqual(await anna.locator('.queue .row-title bdi').allInnerTexts(), [
        'The first one',
        'The second one',
        'The third one',
    ]);
    assert.equal(await anna.locator('.queue .dot').count(), 2);
    assert.match(await anna.title(), /^\(3\) /);
});

test('a queue longer than a page is loaded on demand', async () => {
    for (let n = 0; n < 60; n += 1) await submit(mia, { title: `Many ${n}`, code: `${n}\n` });
    const page = await openPerson(stack, browser, 'noor', { to: '/review' });
    await page.locator('.queue .row').first().waitFor();
    assert.equal(await page.locator('.queue .row').count(), 50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await until(
        async () =>
            (await page.locator('.queue .row').count()) === 63 ||
            (await page.getByRole('button', { name: '13 new' }).count()) === 1,
        'the rest',
    );
    assertClean(page);
    await page.context().close();
});

test('two windows of one person show the same', async () => {
    const id = await submit(mia, { title: 'Seen in both' });
    const other = await openPerson(stack, browser, 'anna', { to: `/review/${id}` });
    await anna.goto(`${stack.url}/review/${id}`);
    for (const page of [anna, other])
        await page.locator('.request-title', { hasText: 'Seen in both' }).waitFor();
    await decide(noor, id, 'request_changes', 'Shorter');
    for (const page of [anna, other])
        await page.locator('.request-meta .state', { hasText: 'Change asked for' }).waitFor();
    assertClean(other);
    await other.context().close();
});

test('without the api it says so, keeps what was read, and catches up', async () => {
    const id = await submit(mia, { title: 'Read while away' });
    await anna.goto(`${stack.url}/review/${id}`);
    await anna.locator('.request-title', { hasText: 'Read while away' }).waitFor();
    await word(anna).getByText('Live', { exact: true }).waitFor();
    const port = new URL(stack.url).port;
    await stack.kill('api');
    await word(anna).getByText('Reconnecting…').waitFor();
    await word(anna)
        .getByText(/Not live since \d\d:\d\d/)
        .waitFor();
    await anna.locator('.request-title', { hasText: 'Read while away' }).waitFor();
    await anna.setViewportSize({ width: 390, height: 844 });
    await anna.locator('.live .short', { hasText: 'Not live' }).waitFor();
    assert.equal(await sideways(anna), 0);
    await anna.setViewportSize({ width: 1440, height: 900 });
    await anna.locator('.verdict-approve').click();
    await anna.locator('.decision-line', { hasText: 'The server does not answer.' }).waitFor();
    await stack.start('api', { API_PORT: port });
    await word(anna).getByText('Live', { exact: true }).waitFor();
    await decide(noor, id, 'reject', 'While you were away');
    await anna.locator('.decision-line', { hasText: 'Rejected by noor' }).waitFor();
});

test('offline, deciding is off and says why', async () => {
    const id = await submit(mia, { title: 'On a train' });
    await anna.goto(`${stack.url}/review/${id}`);
    await anna.locator('.decision-line', { hasText: 'This approves version 1 only.' }).waitFor();
    await anna.context().setOffline(true);
    await word(anna).getByText('Offline').waitFor();
    await anna.locator('.decision-line', { hasText: 'You are offline.' }).waitFor();
    assert.equal(await anna.locator('.verdict-approve').getAttribute('aria-disabled'), 'true');
    await anna.context().setOffline(false);
    await word(anna).getByText('Live', { exact: true }).waitFor();
    await anna.locator('.decision-line', { hasText: 'This approves version 1 only.' }).waitFor();
});

test('cancel and run again, from the page of a request', async () => {
    const id = await submit(mia, { title: 'Not needed any more' });
    const page = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    await page.getByText('requests are before yours').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Yes, cancel it' }).click();
    await page.getByText('Cancelled. Nothing more will run.').waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname !== `/requests/${id}`);
    await page.locator('.result-card .state', { hasText: 'Waiting for review' }).waitFor();
    assertClean(page);
    await page.context().close();
});

test('a run that takes longer than its limit says which limit', async () => {
    const id = await submit(mia, {
        title: 'For ever',
        code: 'while True:\n    pass\n',
        limits: { wall_ms: 1000 },
    });
    const page = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    await decide(noor, id, 'approve');
    await page.getByText('The code was stopped after 1 s, its limit.').waitFor();
    assertClean(page);
    await page.context().close();
});

test('a lost outcome is settled by another person, with a note', async () => {
    const id = await submit(mia, {
        title: 'Lost on the way',
        code: 'import time\ntime.sleep(20)\n',
    });
    await decide(noor, id, 'approve');
    const state = async () => (await noor.get(`/api/requests/${id}`)).body.state;
    await until(async () => (await state()) === 'running', 'running');
    await stack.psql(
        'superuser',
        `update cs.attempt set lease_until = now() - interval '1 minute'
        where request_id = ${id}`,
    );
    await until(async () => (await state()) === 'outcome_unknown', 'outcome_unknown');
    await anna.goto(`${stack.url}/requests/${id}`);
    await anna.getByText('nobody knows how it ended').waitFor();
    await anna.getByRole('button', { name: 'It failed' }).click();
    await anna.getByText('Write what you checked first.').waitFor();
    await anna.getByLabel('What did you check?').fill('The report was never written.');
    await anna.getByRole('button', { name: 'It failed' }).click();
    await anna.locator('.result-card .state', { hasText: 'Failed' }).waitFor();
});

test('an admin sees the workers, and how many are ready', async () => {
    const page = await openPerson(stack, browser, 'eva', { to: '/workers' });
    await page.locator('.live-workers', { hasText: '1 of 1 worker ready' }).waitFor();
    await page.locator('[aria-labelledby=workers] tbody tr', { hasText: 'Ready' }).waitFor();
    await page.getByRole('link', { name: 'Requests' }).first().click();
    await page.locator('table tbody tr').first().waitFor();
    await page.getByLabel('State').selectOption('rejected');
    await until(
        async () =>
            (await page.locator('tbody .state').allInnerTexts()).every(
                (text) => text === 'Not approved',
            ),
        'the filter',
    );
    await page.getByLabel('Search requests').fill('while away');
    await page.locator('tbody tr', { hasText: 'Read while away' }).waitFor();
    assertClean(page);
});

test('nothing broke the policy on the way', () => assertClean(anna));
