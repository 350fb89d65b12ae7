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

const PASSWORD = 'a long walk in the wet garden';
const REASON = 'The bank opens at six, and eva is on a plane.';
const grave = 'import socket\nsocket.create_connection(("h", 1))\n';
const tickAll = async (dialog) => {
    for (const tick of await dialog.locator('.finding-read input').all()) await tick.check();
};
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
    await dialog.getByText(/Read \d findings? before you approve\./).waitFor();
    await tickAll(dialog);
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

test('an old proof is asked for once more, and the desk has the button, too', async () => {
    const id = await risky('Later');
    const page = await openPerson(stack, browser, 'noor', { to: `/review/${id}` });
    await page.goto(`${stack.url}/account`);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.locator('.toast', { hasText: 'assword' }).waitFor();
    await page.goto(`${stack.url}/review/${id}`);
    await stack.psql('superuser',
        "update cs.session set authenticated_at = clock_timestamp() - interval '1 hour'");
    await button(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill(REASON);
    await tickAll(dialog);
    await dialog.getByRole('button', { name: 'Approve alone' }).click();
    await dialog.getByText('To approve alone, show who you are').waitFor();
    await inspect(page, 'break-glass-prove');
    const state = async () => (await mia.get(`/api/requests/${id}`)).body.state;
    await dialog.getByRole('button', { name: 'Not now' }).click();
    await dialog.getByText('you have not confirmed that it is you').waitFor();
    assert.equal(await dialog.getByLabel('Reason').inputValue(), REASON, 'it is kept');
    assert.equal(await state(), 'pending');
    await dialog.getByRole('button', { name: 'Approve alone' }).click();
    await dialog.getByLabel('Password', { exact: true }).fill('wrong');
    await dialog.getByRole('button', { name: 'Confirm and approve alone' }).click();
    await dialog.getByText('This is not your password.').waitFor();
    assert.equal(await state(), 'pending');
    await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Confirm and approve alone' }).click();
    await page.locator('.toast', { hasText: `You approved #${id} alone.` }).waitFor();
    assert.equal(await state(), 'approved');
    assertClean(page);
});
