// An admin of the team approves alone on the page, and everybody sees in red that it was so.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { assertClean, inspect, openBrowser, openPerson, submit } from './people.mjs';

let stack;
let browser;
let mia;

before(async () => {
    stack = await startStack({ env: { BREAK_GLASS: '1', UNDO_SECONDS: '60' } });
    await stack.people({ mia: ['analyst'], eva: ['admin'], noor: ['reviewer', 'admin'] });
    mia = await stack.signIn('mia');
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const button = (page) => page.getByRole('button', { name: 'Break the glass' });

const grave = 'import socket\nsocket.create_connection(("h", 1))\n';
const risky = (title) => submit(mia, { title, code: grave });

test('off there is no button; on, a reason is asked for, and the mark is red', async () => {
    const id = await risky('Tonight');
    const page = await openPerson(stack, browser, 'eva', { to: `/requests/${id}` });
    await page.locator('.result-card').waitFor();
    assert.equal(await button(page).count(), 0);
    await stack.operator('break-glass', 'on');
    await page.reload();
    await button(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('This needs 2 people.').waitFor();
    await dialog.getByRole('button', { name: 'Approve alone' }).click();
    await dialog.getByText('Write at least 20 characters').waitFor();
    await inspect(page, 'break-glass');
    await dialog.getByLabel('Reason').fill('The bank opens at six, and noor is on a plane.');
    await dialog.getByRole('button', { name: 'Approve alone' }).click();
    await page.locator('.toast', { hasText: `You approved #${id} alone.` }).waitFor();
    await page.locator('.result-head .glass-sign').waitFor();
    await page.locator('.result blockquote', { hasText: 'The bank opens at six' }).waitFor();
    await inspect(page, 'break-glass-after');
    const other = await openPerson(stack, browser, 'noor', { to: '/requests' });
    await other.getByRole('button', { name: 'Break-glass 1' }).click();
    await other.locator('tr.openable', { hasText: 'Tonight' }).locator('.glass-sign').waitFor();
    await inspect(other, 'break-glass-list');
    const author = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    await author.locator('.result-head .glass-sign').waitFor();
    assertClean(page, other, author);
});

test('an old sign-in is asked for anew, and the desk has the button, too', async () => {
    const id = await risky('Later');
    const page = await openPerson(stack, browser, 'noor', { to: `/review/${id}` });
    await stack.psql('superuser',
        "update cs.session set authenticated_at = clock_timestamp() - interval '1 hour'");
    await button(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('The bank opens at six, and eva is on a plane.');
    await dialog.getByRole('button', { name: 'Approve alone' }).click();
    await dialog.getByText('Sign in again first').waitFor();
    await dialog.getByRole('button', { name: 'Sign in again' }).waitFor();
    const { body } = await mia.get(`/api/requests/${id}`);
    assert.equal(body.state, 'pending');
    assertClean(page);
});
