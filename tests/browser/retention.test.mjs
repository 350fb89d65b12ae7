// Dropping old rows of the audit trail, as two admins agree to it on the page.
// Proves: T25
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, inspect, openBrowser, openWindow } from './people.mjs';

const PASSWORD = 'old rows go to the shelf';
let stack;
let browser;
let eva;
let hal;

async function openAdmin(login, options = {}) {
    const page = await openWindow(browser, options);
    await page.goto(await stack.operator('link', login));
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    return page;
}

async function setPassword(page) {
    await page.goto(`${stack.url}/account`);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.locator('.toast', { hasText: 'password is saved' }).waitFor();
}

const proof = (page) => page.getByRole('dialog', { name: 'Confirm that it is you' });

async function prove(page) {
    await proof(page).getByLabel('Password', { exact: true }).fill(PASSWORD);
    await proof(page).getByRole('button', { name: 'Confirm and go on' }).click();
}

async function openRetention(page) {
    await page.goto(`${stack.url}/audit`);
    await page.getByRole('link', { name: 'Dropping old rows' }).click();
    await page.getByRole('region', { name: 'Dropping old rows' }).waitFor();
}

const stored = () => stack.psql('superuser', 'select * from cs.retention order by id');

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ eva: ['admin'], hal: ['admin'] });
    browser = await openBrowser();
    eva = await openAdmin('eva');
    hal = await openAdmin('hal');
    await setPassword(eva);
    await setPassword(hal);
    await until(async () => (await stack.psql('superuser',
        'select from cs.audit_seal')).length > 1, 'seals');
    // What is sealed now was sealed years ago.
    await stack.psql('superuser', `alter table cs.audit_seal disable trigger user;
        update cs.audit_seal set sealed_at = sealed_at - interval '3 years';
        alter table cs.audit_seal enable trigger user`);
    await stack.psql('superuser',
        "update cs.session set authenticated_at = now() - interval '1 hour'");
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('a day that is too young is refused beside its field', async () => {
    await openRetention(eva);
    await eva.getByText('Nothing was ever dropped.').waitFor();
    const form = eva.getByRole('form', { name: 'Propose' });
    await form.getByLabel('Reason').fill('Older than two years');
    await form.getByLabel('Sealed before').fill(new Date().toISOString().slice(0, 10));
    await form.getByRole('button', { name: 'Propose' }).click();
    await until(() => form.getByLabel('Sealed before')
        .evaluate((field) => field.getAttribute('aria-invalid') === 'true'), 'the field marked');
    assert.equal(await form.getByLabel('Reason').inputValue(), 'Older than two years');
    assert.deepEqual(await stored(), []);
});

test('one admin proposes, and can not agree', async () => {
    const form = eva.getByRole('form', { name: 'Propose' });
    const earliest = await form.getByLabel('Sealed before').getAttribute('max');
    await form.getByLabel('Sealed before').fill(earliest);
    await form.getByRole('button', { name: 'Propose' }).click();
    await prove(eva);
    const card = eva.getByRole('region', { name: 'Proposed' });
    await card.getByText('Older than two years').waitFor();
    await card.getByText('Another admin must agree.').waitFor();
    assert.equal(await card.getByRole('button', { name: 'Agree' }).count(), 0);
    assert.equal((await stored()).length, 1);
});

test('another one agrees, after showing who it is', async () => {
    await openRetention(hal);
    const card = hal.getByRole('region', { name: 'Proposed' });
    await card.getByRole('button', { name: 'Agree' }).click();
    await proof(hal).getByRole('button', { name: 'Not now' }).click();
    await card.getByText('you have not confirmed that it is you').waitFor();
    assert.equal((await stored())[0].agreed_by, null);
    await card.getByRole('button', { name: 'Agree' }).click();
    await prove(hal);
    const agreed = hal.getByRole('region', { name: 'Agreed' });
    await agreed.getByText(`countersign audit drop ${(await stored())[0].id} DIR`).waitFor();
    await inspect(hal, 'retention-agreed');
});

test('until it is done either may withdraw, and that stays to be read', async () => {
    await openRetention(eva);
    await eva.getByRole('region', { name: 'Agreed' })
        .getByRole('button', { name: 'Withdraw' }).click();
    const past = eva.getByRole('region', { name: 'Earlier' });
    await past.getByText('Withdrawn by eva').waitFor();
    await eva.getByRole('form', { name: 'Propose' }).waitFor();
});

for (const [width, theme] of [[1440, 'light'], [1440, 'dark'], [390, 'light'], [390, 'dark']])
    test(`it looks right at ${width} pixels, ${theme}`, async () => {
        const page = await openAdmin('eva', { width, theme });
        await page.goto(`${stack.url}/audit?q=retention`);
        await page.getByRole('region', { name: 'Earlier' }).waitFor();
        await inspect(page, `retention-${width}-${theme}`);
        assertClean(page);
        await page.context().close();
    });

test('nothing broke the policy on the way', () => assertClean(eva, hal));
