// How long a request waits is on the page: in the queue, on the desk, in the lists, for admins.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, decide, inspect, openBrowser, openPerson, submit } from './people.mjs';

let stack;
let browser;
let mia;
let noor;

before(async () => {
    stack = await startStack({ env: {
        SWEEP_MS: '100', REMIND_SECONDS: '1', ESCALATE_SECONDS: '4', UNDO_SECONDS: '60' } });
    await stack.people({ mia: ['analyst'], noor: ['reviewer'], eva: ['admin'] });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('a request shows its end, then the reminder, then that it is overdue', async () => {
    const page = await openPerson(stack, browser, 'noor', { to: '/review' });
    const id = await submit(mia, { title: 'Left lying' });
    const row = page.locator('.row', { hasText: 'Left lying' });
    // The signs come by themselves, by the event stream.
    await row.getByText('reminder sent').waitFor();
    await row.getByText('Escalated').waitFor();
    assert.equal(await row.getByText('expires in').count(), 0);
    await row.click();
    const head = page.locator('.request-head');
    await head.getByText('expires in 6 d').waitFor();
    await head.getByText('waits for 1 approval').waitFor();
    await head.getByText('Escalated').waitFor();
    await page.getByRole('tab', { name: 'Activity' }).click();
    await page.getByText('Reminded the reviewers').waitFor();
    await page.getByText('Escalated: overdue').waitFor();
    await inspect(page, 'overdue');

    const admin = await openPerson(stack, browser, 'eva', { to: '/requests' });
    await admin.getByRole('button', { name: 'Overdue', exact: true }).click();
    const found = admin.locator('tr.openable', { hasText: 'Left lying' });
    await found.getByText('Escalated').waitFor();
    await inspect(admin, 'overdue-admin');

    await stack.halt('worker-1');
    await decide(noor, id, 'approve');
    await until(async () => (await admin.locator('tr.openable').count()) === 0, 'nothing overdue');
    await admin.getByRole('button', { name: 'All', exact: true }).click();
    await found.getByText('approval ends in 23 h').waitFor();
    assert.equal(await found.getByText('Escalated').count(), 0);
    const author = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    await author.locator('.result-head').getByText('approval ends in 23 h').waitFor();
    assertClean(page, admin, author);
});
