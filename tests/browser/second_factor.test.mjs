// The second factor in front of the page: setting it up, the code at each way in, proving who one
// is with it, turning it off, and what somebody sees who must have one.
// Proves: V6.3.3
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Authenticator } from '../flow/authenticator.mjs';
import { startStack } from '../flow/stack.mjs';
import { assertClean, findBarriers, openBrowser, openWindow } from './people.mjs';

const PASSWORD = 'a sentence that is long enough';
const WRONG = 'This code is not right.';

let stack;
let browser;
let page; // rob's
let app;
let kept; // recovery codes
const windows = [];

const later = () => stack.psql('superuser', 'update cs.second_factor set last_step = 0');
const button = (where, name) => where.getByRole('button', { name, exact: true });
const heading = (where, name) => where.getByRole('heading', { name });
const alert = (where, text) => where.getByRole('alert').getByText(text).waitFor();
const toast = (text) => page.locator('.toast', { hasText: text }).waitFor();

async function open() {
    const opened = await openWindow(browser);
    windows.push(opened);
    return opened;
}

async function givePassword(where, login) {
    await where.goto(`${stack.url}/sign-in`);
    await where.locator('[name=login]').fill(login);
    await where.locator('[name=password]').fill(PASSWORD);
    await where.keyboard.press('Enter');
}

async function enter(where, code) {
    await where.locator('#code').fill(code);
    await where.keyboard.press('Enter');
}

const isIn = (where) => where.waitForURL((url) => url.pathname === '/review');

// Types the key into an app, as somebody would who can not scan.
async function setUp(where) {
    await heading(where, 'Scan this with an authenticator app').waitFor();
    assert.ok(await where.getByRole('img', { name: /^QR code/ }).isVisible());
    const key = (await where.locator('.factor-key code').innerText()).replace(/\s/g, '');
    const made = new Authenticator(key);
    const uri = await where.locator('.factor-open a').getAttribute('href');
    assert.match(uri, new RegExp(`^otpauth://totp/Countersign:\\w+\\?secret=${key}&`));
    await enter(where, made.wrong());
    await alert(where, WRONG);
    await enter(where, made.code());
    await heading(where, 'Keep your recovery codes').waitFor();
    return { made, codes: await where.locator('.recovery-codes li').allInnerTexts() };
}

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ rob: ['reviewer'], eve: ['reviewer'] });
    for (const login of ['rob', 'eve']) {
        const client = await stack.signIn(login);
        await client.post('/api/password', { password: PASSWORD });
    }
    browser = await openBrowser();
    page = await open();
    await givePassword(page, 'rob');
    await isIn(page);
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('it is set up on the account page, with a code of the app', async () => {
    await page.goto(`${stack.url}/account`);
    await button(page, 'Set up').click();
    const { made, codes } = await setUp(page);
    [app, kept] = [made, codes];
    assert.equal(new Set(codes).size, 10);
    assert.deepEqual(await findBarriers(page), []);
    await button(page, 'I have kept them').click();
    await page.getByText(/On since/).waitFor();
    await page.getByText('10 recovery codes left').waitFor();
});

test('after the password the code is asked for', async () => {
    await later();
    const other = await open();
    await givePassword(other, 'rob');
    await heading(other, 'Enter your code').waitFor();
    assert.deepEqual(await findBarriers(other), []);
    await enter(other, app.wrong());
    await alert(other, WRONG);
    await enter(other, app.code());
    await isIn(other);
});

test('a recovery code is as good, once', async () => {
    for (const good of [true, false]) {
        const other = await open();
        await givePassword(other, 'rob');
        await button(other, 'Use a recovery code instead').click();
        await enter(other, kept[0]);
        if (good) await isIn(other);
        else await alert(other, 'This is no recovery code of yours, or it was used before.');
    }
});

test('a link asks for the code, too', async () => {
    await later();
    const other = await open();
    await other.goto(await stack.operator('link', 'rob'));
    await other.getByText('Your link is good.').waitFor();
    await enter(other, app.wrong());
    await alert(other, WRONG);
    await enter(other, app.code());
    await other.waitForURL((url) => url.pathname !== '/sign-in');
});

test('who they are is shown once more by password and code', async () => {
    await stack.psql('superuser',
                     "update cs.session set authenticated_at = now() - interval '1 hour'");
    await later();
    await page.goto(`${stack.url}/account`);
    await button(page, 'Set up anew').click();
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' });
    await dialog.locator('[name=password]').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await enter(page, app.wrong());
    await alert(dialog, WRONG);
    await enter(page, app.code());
    await heading(page, 'Scan this with an authenticator app').waitFor();
    await button(page, 'Cancel').click();
    await page.getByText(/On since/).waitFor();
});

test('it is turned off by a code', async () => {
    await later();
    await button(page, 'Turn off').click();
    const dialog = page.getByRole('dialog', { name: 'Turn off the second factor?' });
    await dialog.locator('#code').fill(app.wrong());
    await page.keyboard.press('Enter');
    await alert(dialog, WRONG);
    await enter(page, app.code());
    await toast('Your second factor is off.');
    await button(page, 'Set up').waitFor();
});

test('where it is required, there is nothing else before it is set up', async () => {
    await stack.restart('api', { SECOND_FACTOR: 'required' });
    const eve = await open();
    await givePassword(eve, 'eve');
    await heading(eve, 'One more step').waitFor();
    assert.equal(await eve.getByRole('navigation').count(), 0);
    assert.deepEqual(await findBarriers(eve), []);
    await button(eve, 'Set up').click();
    await setUp(eve);
    await button(eve, 'I have kept them').click();
    await eve.getByRole('navigation').first().waitFor();
    await eve.goto(`${stack.url}/account`);
    await eve.getByText(/On since/).waitFor();
    assert.equal(await button(eve, 'Turn off').count(), 0, 'nobody turns off what they must have');
});

test('nothing was done that the page may not', () => assertClean(...windows));
