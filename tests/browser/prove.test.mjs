// Approving what is of high risk: the page asks who it is, then goes on, and loses nothing.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Provider } from '../fake/oidc.mjs';
import { Jobs } from '../flow/jobs.mjs';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, inspect, openBrowser, openPerson, openWindow } from './people.mjs';

const PASSWORD = 'a sentence that is long enough';

let stack;
let browser;
let jobs;
let page; // rob's, who has a password
const windows = [];

const age = () => stack.psql('superuser',
    "update cs.session set authenticated_at = now() - interval '1 hour'");
const decisions = (id) => stack.psql('superuser',
    `select verdict, note from cs.decision where request_id = ${id}`);
const ask = async () => (await jobs.submit('6 * 7\n', {
    verdict: JSON.stringify({ level: 'high', policy_version: 1 }) })).id;

const dialog = (where) => where.getByRole('dialog', { name: 'Confirm that it is you' });
const field = (where) => dialog(where).getByLabel('Password', { exact: true });
const note = (where) => where.locator('.note-field');
const approve = (where) => where.locator('.verdict-approve');
const focused = (locator) => locator.evaluate((node) => node === document.activeElement);

async function openRequest(where, id) {
    await where.goto(`${stack.url}/review/${id}`);
    await where.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await where.locator('.code code').waitFor();
}

// Signed in by a link; who has a password already is not asked to set one.
async function openRob(options = {}) {
    const opened = await openWindow(browser, options);
    await opened.goto(await stack.operator('link', 'rob'));
    await opened.waitForURL((url) => url.pathname !== '/sign-in');
    windows.push(opened);
    return opened;
}

// On a phone the field is there once a note is needed.
async function write(where, text) {
    if (!await note(where).isVisible()) await where.locator('.verdict-reject').click();
    await note(where).fill(text);
}

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], eve: ['reviewer'] });
    const rows = await stack.psql('superuser', 'select id, login from cs.person');
    jobs = new Jobs(stack, Object.fromEntries(rows.map(({ login, id }) => [login, id])));
    browser = await openBrowser();
    page = await openRob();
    await page.goto(`${stack.url}/account`);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.waitForURL('**/review*');
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('the password is asked for, a wrong one is said, and the decision goes on', async () => {
    const id = await ask();
    await openRequest(page, id);
    await age();
    await note(page).fill('Read line by line.');
    await approve(page).click();
    await field(page).waitFor();
    await until(() => focused(field(page)), 'one can type at once');
    await page.keyboard.press('Enter');
    await dialog(page).getByRole('alert').getByText('Enter your password.').waitFor();
    await field(page).fill('not it');
    await page.keyboard.press('Enter');
    await dialog(page).getByRole('alert').getByText('This is not your password.').waitFor();
    await until(() => focused(field(page)), 'one can type again');
    assert.equal(await field(page).getAttribute('aria-invalid'), 'true');
    assert.deepEqual(await decisions(id), []);
    await field(page).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('.toast', { hasText: `Your approval of #${id} counts.` }).waitFor();
    assert.equal(await dialog(page).count(), 0);
    assert.deepEqual(await decisions(id), [{ verdict: 'approve', note: 'Read line by line.' }]);
});

test('who was asked a moment ago is not asked again', async () => {
    const id = await ask();
    await openRequest(page, id);
    await approve(page).click();
    await page.locator('.toast', { hasText: `Your approval of #${id} counts.` }).waitFor();
});

test('who leaves has not approved, keeps the note, and is where they were', async () => {
    const id = await ask();
    await openRequest(page, id);
    await age();
    await note(page).fill('Half a note');
    for (const leave of [() => page.keyboard.press('Escape'),
                         () => dialog(page).getByRole('button', { name: 'Not now' }).click()]) {
        await approve(page).click();
        await field(page).waitFor();
        await leave();
        await dialog(page).waitFor({ state: 'detached' });
        await page.locator('.decision-line').getByText('Not approved').waitFor();
        await until(() => focused(approve(page)), 'the button that was left');
        assert.equal(await note(page).inputValue(), 'Half a note');
    }
    await page.reload();
    await note(page).waitFor();
    assert.equal(await note(page).inputValue(), 'Half a note');
    assert.deepEqual(await decisions(id), []);
});

test('a rejection asks nothing', async () => {
    const id = await ask();
    await openRequest(page, id);
    await age();
    await note(page).fill('No.');
    await page.locator('.verdict-reject').click();
    await page.locator('.toast', { hasText: `Rejected #${id}.` }).waitFor();
});

test('a version that came meanwhile is not approved', async () => {
    const id = await ask();
    await openRequest(page, id);
    await age();
    await note(page).fill('This one');
    await approve(page).click();
    await field(page).waitFor();
    await jobs.call('revise_requests', { actor: jobs.actor('ana'), id, revision: 1,
        code: '6 * 8\n', verdict: JSON.stringify({ level: 'high', policy_version: 1 }) });
    await field(page).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('.decision-line').getByText('Version 2 is waiting.').waitFor();
    assert.deepEqual(await decisions(id), []);
    assert.equal(await note(page).inputValue(), 'This one');
});

test('another tab of the same browser goes on with the new token', async () => {
    const [one, two] = [await ask(), await ask()];
    const other = await page.context().newPage();
    await openRequest(page, one);
    await other.goto(`${stack.url}/review/${two}`);
    await other.locator('.code code').waitFor();
    await age();
    await approve(page).click();
    await field(page).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('.toast', { hasText: `Your approval of #${one} counts.` }).waitFor();
    await approve(other).click();
    await other.locator('.toast', { hasText: `Your approval of #${two} counts.` }).waitFor();
    await other.close();
});

test('who signed in as somebody else decides nothing by it', async () => {
    const id = await ask();
    const first = await openRob();
    await openRequest(first, id);
    await write(first, 'As rob');
    const [name, value] = (await stack.signIn('eve')).cookie.split('=');
    await first.context().addCookies([{ name, value, url: stack.url }]);
    await approve(first).click();
    // Said, or the page began anew as the other person, whose note is empty.
    await until(async () => (await decisions(id)).length || await first.locator('.decision-line')
        .getByText('Somebody else signed in').count() || await note(first).inputValue() === '',
    'what comes of it');
    assert.ok((await decisions(id)).every((one) => one.note !== 'As rob'), 'not what rob wrote');
    await first.context().close();
});

for (const [width, theme] of [[1440, 'light'], [1440, 'dark'], [390, 'light'], [390, 'dark']]) {
    test(`the dialog at ${width} pixels, ${theme}`, async () => {
        const id = await ask();
        const small = await openRob({ width, theme });
        await openRequest(small, id);
        await age();
        await write(small, 'A note that stays.');
        await approve(small).click();
        await field(small).waitFor();
        await inspect(small, `prove-${width}-${theme}`);
        await field(small).fill('not it');
        await small.keyboard.press('Enter');
        await dialog(small).getByRole('alert').getByText('not your password').waitFor();
        await inspect(small, `prove-wrong-${width}-${theme}`);
        await small.context().close();
    });
}

test('without a password the dialog says what to do', async () => {
    const id = await ask();
    const eve = await openPerson(stack, browser, 'eve', { to: '/review', width: 390 });
    await openRequest(eve, id);
    await age();
    await write(eve, 'Fine with me.');
    await approve(eve).click();
    await dialog(eve).getByText('Ask your admin for a one-time').waitFor();
    await inspect(eve, 'prove-no-password');
    const link = await stack.operator('link', 'eve');
    await eve.goto(link);
    await eve.getByRole('button', { name: 'Sign in with the link' }).click();
    await eve.getByRole('button', { name: 'Later' }).click();
    await openRequest(eve, id);
    assert.equal(await note(eve).inputValue(), 'Fine with me.');
    await approve(eve).click();
    await eve.locator('.toast', { hasText: `Your approval of #${id} counts.` }).waitFor();
    assert.deepEqual(await decisions(id), [{ verdict: 'approve', note: 'Fine with me.' }]);
    assertClean(eve);
    await eve.context().close();
});

test('at the provider and back: the note is there, and approving works', async (context) => {
    const provider = await Provider.start();
    context.after(() => provider.stop());
    await stack.restart('api', { ...provider.env, OIDC_LINK_BY_EMAIL: '1',
                                 OIDC_REDIRECT_URL: `${stack.url}/sign-in` });
    const id = await ask();
    const eve = await openPerson(stack, browser, 'eve', { to: '/review' });
    let claims = { email: 'rob', email_verified: true, sub: 'rob-1' };
    await eve.route(`${provider.issuer}/auth**`, (route) => {
        const back = new URLSearchParams(provider.signIn(route.request().url(), claims));
        return route.fulfill({ contentType: 'text/html', body:
            `<meta http-equiv="refresh" content="0;url=${stack.url}/sign-in?${back}">` });
    });
    await stack.psql('superuser', `insert into cs.external_identity
        select '${provider.issuer}', 'eve-1', id, id from cs.person where login = 'eve'`);
    await openRequest(eve, id);
    await age();
    await note(eve).fill('By single sign-on.');
    const leave = async () => {
        await approve(eve).click();
        await dialog(eve).getByRole('button', { name: 'Confirm by single' }).click();
    };
    await approve(eve).click();
    await dialog(eve).getByText('You come back here').waitFor();
    await inspect(eve, 'prove-provider');
    await dialog(eve).getByRole('button', { name: 'Not now' }).click();
    await leave();
    await eve.locator('.toast', { hasText: 'The provider names somebody else.' }).waitFor();
    await eve.waitForURL(`**/review/${id}`);
    assert.equal(await note(eve).inputValue(), 'By single sign-on.');
    assert.deepEqual(await decisions(id), []);
    claims = { sub: 'eve-1' };
    await leave();
    await eve.locator('.toast', { hasText: 'Confirmed.' }).waitFor();
    await eve.waitForURL(`**/review/${id}`);
    assert.deepEqual(await decisions(id), [], 'coming back decides nothing');
    assert.equal(await note(eve).inputValue(), 'By single sign-on.');
    await approve(eve).click();
    await eve.locator('.toast', { hasText: `Your approval of #${id} counts.` }).waitFor();
    assert.deepEqual(await decisions(id), [{ verdict: 'approve', note: 'By single sign-on.' }]);
    assertClean(eve);
    await eve.context().close();
});

test('nothing broke the policy on the way', () => assertClean(...windows));
