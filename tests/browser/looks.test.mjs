// Every view in both themes at three widths: no barrier for anybody, nothing to scroll sideways.
// The pictures land in build/screenshots for people to look at.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import {
    assertClean,
    decide,
    findBarriers,
    openBrowser,
    openPerson,
    openWindow,
    ordersCsv,
    pictures,
    salesCode,
    sideways,
    submit,
} from './people.mjs';

let stack;
let browser;
const ids = {};

const failing =
    'import pandas as pd\n\norders = pd.read_csv("orders.csv")\norders["pices"].sum()\n';
const versionOne = salesCode.replace('# Value of the orders in each region\n', '');

// What a real team's desk has in it.
async function fill() {
    await stack.operator('team', 'add', 'Sales');
    for (const [login, name, roles] of [
        ['mia', 'Mia Kowalska', 'analyst'],
        ['anna', 'Anna Meyer', 'analyst,reviewer'],
        ['noor', 'Noor Haddad', 'reviewer'],
        ['eva', 'Eva Lindqvist', 'admin'],
        ['jonas', 'Jonas Weber', 'analyst'],
    ])
        await stack.operator(
            'person',
            'add',
            login,
            '--name',
            name,
            '--role',
            roles,
            '--team',
            'Sales',
        );
    await stack.operator(
        'person',
        'add',
        'stock-sync',
        '--role',
        'agent',
        '--agent-of',
        'jonas',
        '--team',
        'Sales',
    );
    const agent = stack.client(
        await stack.operator('token', 'create', 'stock-sync', '--scope', 'read,submit'),
    );
    const mia = await stack.signIn('mia');
    const jonas = await stack.signIn('jonas');
    const anna = await stack.signIn('anna');
    const noor = await stack.signIn('noor');
    const { body: file } = await mia.upload('orders.csv', ordersCsv);
    const files = [{ id: file.id }];
    const ask = (title, more) =>
        submit(mia, { title, question: title, code: salesCode, files, ...more });
    const ended = (id, state) =>
        until(
            async () => (await noor.get(`/api/requests/${id}`)).body.state === state,
            `${state} of ${id}`,
        );

    ids.done = await ask('What does each region bring in?');
    await decide(noor, ids.done, 'approve');
    ids.table = await ask('Which products sell best?', {
        language: 'sql',
        code:
            'select product, sum(pieces) as pieces\nfrom orders\nwhere pieces is not null\n' +
            'group by product\norder by pieces desc;\n',
    });
    await decide(noor, ids.table, 'approve');
    ids.failed = await ask('How many pieces in all?', { code: failing });
    await decide(noor, ids.failed, 'approve');
    ids.rejected = await ask('All customers with their addresses');
    await decide(
        noor,
        ids.rejected,
        'reject',
        'Personal data must not leave the CRM. Ask for counts.',
    );
    ids.changes = await ask('Refund rate by product group');
    await decide(noor, ids.changes, 'request_changes', 'Please group by month as well.');
    ids.review = await ask('Which regions changed most since the price change in March?', {
        question:
            'Which regions changed most since the price change in March? Leave out test ' +
            'accounts. I need it for the meeting on Thursday.',
        code: versionOne,
    });
    await mia.post(`/api/requests/${ids.review}/revisions`, {
        revision: 1,
        language: 'python',
        code: salesCode,
        files,
    });
    await submit(jonas, {
        title: 'Total VAT per country for the third quarter',
        language: 'sql',
        code: 'select 1;\n',
    });
    await submit(jonas, {
        title: 'Forecast December orders by week',
        code: `${salesCode}# by week\n`,
    });
    await submit(agent, {
        title: 'Reconcile stock levels with the supplier file',
        code: salesCode,
    });
    ids.own = await submit(anna, {
        title: 'Top 20 products by margin in the last 90 days',
        code: '1\n',
    });
    await ended(ids.done, 'succeeded');
    await ended(ids.table, 'succeeded');
    await ended(ids.failed, 'failed');
}

before(async () => {
    stack = await startStack();
    await fill();
    browser = await openBrowser();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const shown = (selector, text) => (page) =>
    page
        .locator(selector, text ? { hasText: text } : {})
        .first()
        .waitFor();

// name: who, where, what is there when it is ready
const views = () => ({
    'sign-in': [null, '/sign-in', shown('h1', 'Sign in')],
    'review-list': ['anna', '/review', shown('.queue .row')],
    review: ['anna', `/review/${ids.review}`, shown('.code .line.changed')],
    'review-own': ['anna', `/review/${ids.own}`, shown('.decision-line', 'another person')],
    ask: ['mia', '/ask', shown('.mine .row')],
    'ask-answer': ['mia', `/ask?request=${ids.done}`, shown('.chart img')],
    answer: ['mia', `/requests/${ids.done}`, shown('.table-place td')],
    bars: ['mia', `/requests/${ids.table}`, shown('.bars')],
    failed: ['mia', `/requests/${ids.failed}`, shown('.output', 'Traceback')],
    rejected: ['mia', `/requests/${ids.rejected}`, shown('blockquote')],
    changes: ['mia', `/requests/${ids.changes}`, shown('blockquote')],
    waiting: ['mia', `/requests/${ids.review}`, shown('.note', 'yours')],
    requests: ['mia', '/requests', shown('tbody tr')],
    account: ['mia', '/account', shown('h1', 'password')],
    workers: ['eva', '/workers', shown('tbody tr')],
});

// What opens over or inside the review desk.
async function lookInside(page, name) {
    await page.goto(`${stack.url}/review/${ids.review}`);
    await page.locator('.code .line.changed').first().waitFor();
    const problems = [];
    const look = async (what) => {
        const found = await findBarriers(page);
        problems.push(...found.map((text) => `${what}: ${text}`));
        await page.screenshot({ path: `${pictures}/${what}-${name}.png` });
    };
    for (const tab of ['Changes', 'Question', 'Activity', 'Facts']) {
        const found = page.getByRole('tab', { name: tab });
        if (!(await found.isVisible())) continue;
        await found.click();
        await look(`tab-${tab.toLowerCase()}`);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await look('help');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Account/ }).click();
    await look('menu');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('option').first().waitFor();
    await look('search');
    await page.keyboard.press('Escape');
    return problems;
}

async function lookAt(people, name, [login, path, ready], where) {
    const page = people[login];
    await page.goto(stack.url + path);
    await ready(page);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: `${pictures}/${name}-${where}.png` });
    assert.equal(await sideways(page), 0, `${name} ${where} scrolls sideways`);
    return (await findBarriers(page)).map((text) => `${name}: ${text}`);
}

for (const [width, themes] of [
    [1440, ['light', 'dark']],
    [1024, ['light']],
    [390, ['light', 'dark']],
])
    for (const theme of themes)
        test(`${width} pixels, ${theme}`, async () => {
            const options = { width, theme };
            const people = { null: await openWindow(browser, options) };
            for (const login of ['anna', 'mia', 'eva'])
                people[login] = await openPerson(stack, browser, login, options);
            const where = `${theme}-${width}`;
            const problems = [];
            for (const [name, view] of Object.entries(views()))
                problems.push(...(await lookAt(people, name, view, where)));
            problems.push(...(await lookInside(people['anna'], where)));
            assert.deepEqual(problems, []);
            assertClean(...Object.values(people));
            for (const page of Object.values(people)) await page.context().close();
        });

test('on a phone everything that decides is big enough to touch', async () => {
    const page = await openPerson(stack, browser, 'anna', {
        to: `/review/${ids.review}`,
        width: 390,
    });
    await page.locator('.code .line').first().waitFor();
    const heights = async (selector) =>
        page
            .locator(selector)
            .evaluateAll((nodes) =>
                nodes
                    .filter((node) => node.offsetParent)
                    .map((node) => node.getBoundingClientRect().height),
            );
    for (const height of await heights('.decision button')) assert.ok(height >= 44, `${height}`);
    assert.equal(await page.locator('.bottom-nav').isVisible(), false);
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await page.locator('.queue .row').first().waitFor();
    for (const height of await heights('.bottom-nav a')) assert.ok(height >= 44, `${height}`);
    await page.locator('.queue .row').first().click();
    await page.locator('.request-title').waitFor();
    assert.equal(await page.locator('.queue').isVisible(), false);
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.locator('.note-field').waitFor();
    await page.context().close();
});

const isCut = (node) => node.scrollWidth > node.clientWidth;

test('whatever the connection is, the top bar fits a phone', async () => {
    const page = await openPerson(stack, browser, 'mia', { to: '/account', width: 390 });
    await page.locator('.live[data-state=live]').waitFor();
    let hold;
    const held = new Promise((resolve) => (hold = resolve));
    await page.route('**/api/events', (route) => held.then(() => route.abort()));
    await page.reload();
    for (const state of ['reconnecting', 'away', 'offline']) {
        if (state === 'away') hold();
        if (state === 'offline') await page.context().setOffline(true);
        await page.locator(`.live[data-state=${state}]`).waitFor();
        assert.equal(await sideways(page), 0, state);
        assert.equal(await page.locator('.live-word').evaluate(isCut), false, state);
        assert.deepEqual(await findBarriers(page), [], state);
        await page.screenshot({ path: `${pictures}/live-${state}-390.png` });
    }
    await page.context().close();
});

test('on paper there is the request, its code and its facts, and no frame', async () => {
    const page = await openPerson(stack, browser, 'anna', { to: `/review/${ids.review}` });
    await page.locator('.code .line').first().waitFor();
    await page.emulateMedia({ media: 'print' });
    for (const selector of ['.topbar', '.queue', '.decision-row', '.tabs'])
        assert.equal(await page.locator(selector).isVisible(), false, selector);
    for (const selector of ['.request-title', '.code', '.facts-column'])
        assert.equal(await page.locator(selector).isVisible(), true, selector);
    await page.context().close();
});

test('a warning or a message hides nothing and is no barrier', async () => {
    const page = await openPerson(stack, browser, 'anna', { to: `/review/${ids.review}` });
    await page.route('**/api/me', async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        json.session.expires_at = new Date(Date.now() + 90_000).toISOString();
        return route.fulfill({ response, json });
    });
    await page.reload();
    await page.locator('.session-warning').waitFor();
    await page.locator('.code .line.changed').first().waitFor();
    const low = await page
        .locator('.decision')
        .evaluate((bar) => bar.getBoundingClientRect().bottom);
    assert.equal(low, 900);
    await page.getByLabel('Note for Mia').fill('Looks right');
    await page.getByRole('button', { name: 'Ask for a change' }).click();
    await page.locator('.toast', { hasText: 'Asked for a change' }).waitFor();
    assert.deepEqual(await findBarriers(page), []);
    await page.context().close();
});
