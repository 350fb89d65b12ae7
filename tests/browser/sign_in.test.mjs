// Coming in and going out, and what is kept of the work in between.
// Proves: V6.2.6 V6.2.7 V7.4.4 V7.5.2 V14.2.1
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Provider } from '../fake/oidc.mjs';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, inspect, openBrowser, openPerson, openWindow } from './people.mjs';

let stack;
let browser;
let page;
const password = 'a sentence that is long enough';

before(async () => {
    stack = await startStack();
    await stack.people({ mia: ['analyst'], noa: ['analyst'], anna: ['reviewer'] });
    browser = await openBrowser();
    page = await openWindow(browser);
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const code = (where) => where.getByLabel('Code', { exact: true });

test('a one-time link signs in once and leads to setting a password', async () => {
    const link = await stack.operator('link', 'mia');
    await page.goto(link);
    await page.getByRole('heading', { name: 'Set a password' }).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    const short = page.getByLabel('New password');
    await short.fill('short');
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.getByRole('alert').getByText('Use at least 8 characters.').waitFor();
    await short.fill('Password1');
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.getByRole('alert').getByText('Many people have this password').waitFor();
    await short.fill(password);
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.waitForURL('**/ask');

    const other = await openWindow(browser);
    await other.goto(link);
    await other.getByText('This link does not work any more.').waitFor();
    await other.getByRole('button', { name: 'Sign in with a password' }).click();
    await other.getByLabel('Login').waitFor();
    assertClean(other);
    await other.context().close();
});

test('people see where they are signed in, and end what is not theirs', async () => {
    await stack.signIn('mia');
    await stack.signIn('mia');
    await page.goto(`${stack.url}/account`);
    const list = page.getByRole('region', { name: 'Where you are signed in' });
    await list.getByText('This session').waitFor();
    const rows = list.getByRole('listitem');
    assert.equal(await rows.count(), 3);
    await rows.filter({ hasNotText: 'This session' }).first().getByRole('button').click();
    await until(async () => await rows.count() === 2, 'one session to go');
    await list.getByRole('button', { name: 'End all others' }).click();
    await until(async () => await rows.count() === 1, 'the others to go');
    await list.getByText('This session').waitFor();
    assertClean(page);
    const [{ live }] = await stack.psql('superuser', `select count(*)::int as live
        from cs.session s join cs.person p on p.id = s.person_id
        where p.login = 'mia' and s.revoked_at is null`);
    assert.equal(live, 1);
    await page.goto(`${stack.url}/ask`);
});

test('what was being written survives a reload and a new sign-in', async () => {
    await page.getByLabel('Your question').fill('How many?');
    await code(page).fill('len("abc")\n');
    await page.reload();
    assert.equal(await page.getByLabel('Your question').inputValue(), 'How many?');
    await page.route('**/api/requests', async (route) => {
        await stack.psql('superuser', 'update cs.session set revoked_at = now()');
        return route.continue();
    });
    await page.getByRole('button', { name: 'Send for review' }).click();
    await page.getByText('Your session has ended').waitFor();
    await page.unroute('**/api/requests');
    await page.getByLabel('Login').fill('mia');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Login or password is not right.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/ask');
    assert.equal(await code(page).inputValue(), 'len("abc")\n');
    assert.equal((await stack.psql('superuser', 'select * from cs.request')).length, 0);
});

test('when the answer is lost, sending again does not double the request', async () => {
    let lost = 0;
    await page.route('**/api/requests', async (route) => {
        if (route.request().method() !== 'POST' || lost > 0) return route.fallback();
        lost += 1;
        await route.fetch();
        return route.abort('connectionreset');
    });
    const send = page.getByRole('button', { name: 'Send for review' });
    await send.click();
    await page.getByText('Send again: it will not be doubled.').waitFor();
    assert.equal(await code(page).inputValue(), 'len("abc")\n');
    await send.click();
    await page.waitForURL(/request=\d+/);
    assert.equal(lost, 1);
    assert.equal((await stack.psql('superuser', 'select * from cs.request')).length, 1);
    await page.unroute('**/api/requests');
    assert.equal(await code(page).inputValue(), '');
});

test('errors stand beside the field that the api named', async () => {
    await page.goto(`${stack.url}/ask`);
    const send = page.getByRole('button', { name: 'Send for review' });
    await send.click();
    await page.locator('#code-problem', { hasText: 'Write some code first.' }).waitFor();
    assert.equal(await code(page).evaluate((field) => field === document.activeElement), true);
    // Refused by the api, not by the page.
    await code(page).fill('x = "a\u202eb"\n');
    await send.click();
    await until(
        async () => (await page.locator('#code-problem').innerText()).length > 10,
        'the error',
    );
    assert.equal(await code(page).getAttribute('aria-invalid'), 'true');
    await page.getByText('Advanced').click();
    await page.getByLabel('Time in seconds').fill('100000');
    await code(page).fill('1\n');
    await send.click();
    await page.locator('#wall-problem', { hasText: 'whole number within the limit' }).waitFor();
});

test('files are checked before they are sent', async () => {
    await page.getByRole('button', { name: 'Start over' }).click();
    const add = (name, text) =>
        page
            .locator('.files input')
            .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    await add('program.exe', 'MZ');
    await page.getByText('program.exe is not a table or text file.').waitFor();
    await add('empty.csv', '');
    await page.getByText('empty.csv is empty.').waitFor();
    await add('rows.csv', 'a\n1\n');
    await page.locator('.file-row:not(.bad)', { hasText: 'rows.csv' }).waitFor();
    await add('rows.csv', 'a\n2\n');
    await page.getByText('A file named rows.csv is there already.').waitFor();
    const remove = page.getByRole('button', { name: /^Remove/ });
    while (await remove.count()) await remove.first().click();
});

test('a dropped file is added', async () => {
    const data = await page.evaluateHandle(() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(['a,b\n1,2\n'], 'dropped.csv', { type: 'text/csv' }));
        return transfer;
    });
    await page.dispatchEvent('.ask', 'dragover', { dataTransfer: data });
    await page.locator('.drop-place.over', { hasText: 'Drop the file here' }).waitFor();
    await page.dispatchEvent('.ask', 'drop', { dataTransfer: data });
    await page.locator('.file-row', { hasText: 'dropped.csv' }).waitFor();
});

test('Tab indents the code, Esc and Tab leave it', async () => {
    await code(page).fill('');
    await code(page).pressSequentially('def f():');
    await page.keyboard.press('Enter');
    await page.keyboard.type('return 1');
    assert.equal(await code(page).inputValue(), 'def f():\n    return 1');
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Tab');
    assert.equal(await code(page).inputValue(), '    def f():\n        return 1');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await code(page).inputValue(), 'def f():\n    return 1');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.equal(await code(page).evaluate((field) => field === document.activeElement), false);
});

test('the three examples fill the form and run', async () => {
    const reviewer = await stack.signIn('anna');
    for (const name of [
        'Sales by month and region',
        'Best products',
        'Gaps and doubles in a file',
    ]) {
        await page.goto(`${stack.url}/ask`);
        await page.locator('h1', { hasText: 'Ask about your data' }).waitFor();
        const over = page.getByRole('button', { name: 'Start over' });
        if (await over.count()) await over.click();
        await page.getByRole('button', { name }).click();
        await page.locator('.file-row', { hasText: 'orders.csv' }).waitFor();
        await page.getByRole('button', { name: 'Send for review' }).click();
        await page.waitForURL(/request=\d+/);
        const id = new URL(page.url()).searchParams.get('request');
        const { body } = await reviewer.get(`/api/requests/${id}`);
        await reviewer.post(`/api/requests/${id}/decisions`, {
            verdict: 'approve',
            revision: 1,
            bundle_sha256: body.bundle.sha256,
        });
        await page.locator('.result-card .state', { hasText: /Done|Failed/ }).waitFor();
        assert.equal(await page.locator('.result-card .state').first().innerText(), 'Done', name);
        await page.locator('.table-place tbody tr').first().waitFor();
    }
});

test('too many wrong passwords are slowed down, and the page says for how long', async () => {
    const guest = await openWindow(browser);
    await guest.goto(`${stack.url}/sign-in`);
    await guest.getByLabel('Login').fill('anna');
    const problem = guest.locator('#sign-in-problem');
    for (let n = 0; n < 12; n += 1) {
        await guest.getByLabel('Password', { exact: true }).fill(`wrong ${n}`);
        const answered = guest.waitForResponse('**/api/login');
        await guest.getByRole('button', { name: 'Sign in' }).click();
        if ((await answered).status() === 429) break;
    }
    await problem.getByText(/Too many tries. Try again in \d/).waitFor();
    assertClean(guest);
});

test('the theme follows the system until it is chosen, and is kept', async () => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme });
        await until(async () => (await theme()) === colorScheme, colorScheme);
    }
    await page.getByRole('button', { name: /^Account/ }).click();
    await page.getByRole('radio', { name: 'Dark' }).check();
    await page.reload();
    assert.equal(await theme(), 'dark');
});

test('a menu that is open stays open when what was asked for comes late', async () => {
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    const detail = /\/api\/requests\/1$/;
    await page.route(detail, async (route) => {
        await held;
        return route.continue();
    });
    await page.goto(`${stack.url}/requests/1`);
    await page.getByRole('button', { name: /^Account/ }).click();
    letGo();
    await page.locator('.result-title').waitFor();
    await page.unroute(detail);
    assert.ok(await page.getByRole('button', { name: 'Sign out' }).isVisible());
    await page.keyboard.press('Escape');
    await page.reload();
    await page.locator('.result-title:focus').waitFor();
});

test('near its end the session warns, and signing out ends it', async () => {
    await page.route('**/api/me', async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        body.session.expires_at = new Date(Date.now() + 90_000).toISOString();
        return route.fulfill({ response, json: body });
    });
    await page.reload();
    await page.locator('.session-warning', { hasText: 'What you wrote is kept' }).waitFor();
    await page.unroute('**/api/me');
    const path = new URL(page.url()).pathname;
    await page.getByRole('button', { name: 'Sign in again' }).click();
    await page.getByLabel('Login').fill('mia');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`**${path}*`);
    assert.equal(await page.locator('.session-warning').count(), 0);
    await page.getByRole('button', { name: /^Account/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Login').waitFor();
    const answer = await page.request.get(`${stack.url}/api/me`);
    assert.equal(answer.status(), 401);
    await page.goto(`${stack.url}/requests/1`);
    await page.getByLabel('Login').waitFor();
});

// Proves: V7.6.2
test('a link that is opened while somebody is signed in asks first', async () => {
    const noa = await openPerson(stack, browser, 'noa', { to: '/requests', width: 390 });
    const link = await stack.operator('link', 'anna');
    const who = async () => (await (await noa.request.get(`${stack.url}/api/me`)).json())
        .person.login;
    const asks = noa.getByRole('heading', { name: 'Sign in with this link?' });
    for (const stay of [true, false]) {
        await noa.goto(link);
        await until(async () => await asks.count() || await who() !== 'noa', 'the question');
        assert.equal(await who(), 'noa', 'nothing happened yet');
        await noa.getByText('You are signed in as noa.').waitFor();
        await inspect(noa, 'link-asks');
        if (!stay) break;
        await noa.getByRole('button', { name: 'Stay signed in as noa' }).click();
        await noa.waitForURL('**/ask');
        assert.equal(await who(), 'noa');
    }
    await noa.getByRole('button', { name: 'Sign in with the link' }).click();
    await noa.waitForURL('**/account');
    await noa.getByRole('button', { name: 'Account: anna' }).waitFor();
    assert.equal(await who(), 'anna');
    await noa.goto(link);
    await noa.getByRole('button', { name: 'Sign in with the link' }).click();
    await noa.getByText('This link does not work any more.').waitFor();
    await noa.getByRole('button', { name: 'Stay signed in as anna' }).click();
    await noa.waitForURL('**/review*');
    assertClean(noa);
    await noa.context().close();
});

test('what is not shared is not found, whatever it is', async () => {
    const anna = await openPerson(stack, browser, 'anna', { to: '/requests/987654' });
    await anna.getByText('This request does not exist, or is not shared with you.').waitFor();
    await anna.goto(`${stack.url}/review/987654`);
    await anna.getByText('This request does not exist, or is not shared with you.').waitFor();
    assertClean(anna);
});

// Proves: V7.6.2
test('single sign-on: there, back, and what went wrong is said', async (context) => {
    const provider = await Provider.start();
    context.after(() => provider.stop());
    await stack.restart('api', { ...provider.env, OIDC_LINK_BY_EMAIL: '1',
                                 OIDC_REDIRECT_URL: `${stack.url}/sign-in` });
    const window = await openWindow(browser);
    const claims = { email: 'nobody', email_verified: true };
    await window.route(`${provider.issuer}/auth**`, (route) => {
        const back = new URLSearchParams(provider.signIn(route.request().url(), claims));
        return route.fulfill({ contentType: 'text/html', body:
            `<meta http-equiv="refresh" content="0;url=${stack.url}/sign-in?${back}">` });
    });
    const button = window.getByRole('button', { name: 'Single sign' });
    await window.goto(`${stack.url}/sign-in`);
    await button.waitFor();
    assert.deepEqual(await stack.psql('superuser', 'select from cs.oidc_flow'), [],
                     'it begins when somebody asks for it');
    await button.click();
    await window.getByRole('alert').getByText('did not work').waitFor();
    assert.equal(new URL(window.url()).search, '', 'the code is not kept');
    Object.assign(claims, { email: 'mia' });
    await button.click();
    await window.waitForURL('**/ask');
    await window.context().clearCookies();
    await window.goto(`${stack.url}/sign-in?error=access_denied&state=x`);
    await window.getByText('Your provider did not sign you in.').waitFor();
    assertClean(window);
    await window.context().close();
});

test('nothing broke the policy on the way', () => assertClean(page));
