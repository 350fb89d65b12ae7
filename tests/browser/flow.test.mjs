// One question from the form to the answer, by two people in two windows, nothing reloaded.
// Proves: T5
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startStack } from '../flow/stack.mjs';
import {
    assertClean,
    decide,
    openBrowser,
    openPerson,
    ordersCsv,
    pictures,
    salesCode,
    submit,
} from './people.mjs';

let stack;
let browser;
let mia;
let anna;
let path = '';

before(async () => {
    stack = await startStack();
    await stack.people({ mia: ['analyst'], anna: ['reviewer'] });
    browser = await openBrowser();
    mia = await openPerson(stack, browser, 'mia', { to: '/ask' });
    anna = await openPerson(stack, browser, 'anna', { to: '/review' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('the analyst writes code, adds a file and sends it', async () => {
    await anna.locator('.empty-desk', { hasText: 'Nothing to review' }).waitFor();
    await mia.getByLabel('Your question').fill('What does each region bring in?\nFor the meeting.');
    // As pasted from another system: the line ends become LF before it is sent.
    await mia.getByLabel('Code', { exact: true }).fill(salesCode.replaceAll('\n', '\r\n'));
    await mia.locator('.files input').setInputFiles({
        name: 'orders.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(ordersCsv),
    });
    await mia.locator('.file-row', { hasText: 'orders.csv' }).waitFor();
    await mia.screenshot({ path: `${pictures}/flow-ask.png` });
    await mia.keyboard.press('Control+Enter');
    await mia.waitForURL(/\?request=\d+/);
    path = `/requests/${new URL(mia.url()).searchParams.get('request')}`;
    await mia.getByText('Yours is next.').waitFor();
    await mia.getByRole('heading', { name: 'What does each region bring in?' }).waitFor();
});

test('it appears at the reviewer without a reload, exactly as it was sent', async () => {
    const row = anna.locator('.queue .row', { hasText: 'What does each region bring in?' });
    await row.waitFor();
    await anna.waitForURL(/\/review\/\d+/);
    assert.match(await row.innerText(), /12 lines · 1 input file/);
    assert.equal(await anna.locator('.code code').textContent(), salesCode);
    await anna.locator('.facts-column .file-name', { hasText: 'orders.csv' }).waitFor();
    await anna.locator('.facts-column', { hasText: 'Low risk' }).waitFor();
    // What the run gets, all of it bound by the approval.
    for (const fact of [
        /^Packages\n(?:[0-9a-f]+…?.*|Not measured)$/,
        /^Kept apart by\nLinux namespaces on the worker’s machine$/,
        /^Processor time\n2 min$/,
        /^Disk\n64 M/,
        /^Started at most\nonce$/,
    ]) {
        const texts = await anna.locator('.facts-column .facts div').allInnerTexts();
        assert.ok(texts.some((text) => fact.test(text)), `${fact} in ${texts.join(' | ')}`);
    }
    await anna.locator('.decision-line', { hasText: 'This approves version 1 only.' }).waitFor();
    await anna.screenshot({ path: `${pictures}/flow-review.png` });
});

test('A puts the focus on Approve, Enter approves', async () => {
    await anna.keyboard.press('a');
    await anna
        .locator('.decision-line', { hasText: 'Press Enter to approve and run version 1.' })
        .waitFor();
    const before = await mia.request.get(stack.url + path.replace('/requests', '/api/requests'));
    assert.equal((await before.json()).state, 'pending');
    await anna.keyboard.press('Enter');
    await anna
        .getByText(/^Approved #\d+/)
        .first()
        .waitFor();
    await anna.locator('.empty-desk', { hasText: 'Nothing to review' }).waitFor();
});

test('the analyst gets table, chart, text and file without a reload', async () => {
    const card = mia.locator('.result-card');
    await card.getByText('Done', { exact: true }).waitFor();
    const table = card.locator('.table-place table');
    await table.waitFor();
    assert.deepEqual(await table.locator('thead th').allInnerTexts(), ['region', 'value']);
    const north = table.locator('tr', { hasText: 'North' });
    assert.equal(await north.locator('td.number').innerText(), '439.6');
    const chart = card.getByRole('img', { name: /What does each region bring in/ });
    await mia.waitForFunction(
        (img) => img.complete && img.naturalWidth > 100,
        await chart.elementHandle(),
    );
    assert.match(await card.locator('.output').first().innerText(), /5 rows read/);
    await card
        .getByText(/approved by anna/i)
        .last()
        .waitFor();
    await mia.screenshot({ path: `${pictures}/flow-answer.png`, fullPage: true });
});

test('the table sorts, and says so', async () => {
    const head = mia.locator('.table-place th', { hasText: 'value' });
    const values = () => mia.locator('.table-place td.number').allInnerTexts();
    await head.getByRole('button').click();
    assert.equal(await head.getAttribute('aria-sort'), 'descending');
    const down = await values();
    await head.getByRole('button').click();
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    const up = await values();
    assert.equal(down[0], '439.6');
    assert.deepEqual(
        up.filter((text) => /\d/.test(text)),
        down.filter((text) => /\d/.test(text)).reverse(),
    );
});

test('file and table are downloads', async () => {
    const get = async (link) => {
        const [download] = await Promise.all([mia.waitForEvent('download'), link.click()]);
        return {
            name: download.suggestedFilename(),
            text: await readFile(await download.path(), 'utf8'),
        };
    };
    const file = await get(mia.locator('.result-files a'));
    assert.equal(file.name, 'sales.csv');
    assert.match(file.text, /^region,value\n/);
    const csv = await get(mia.getByRole('link', { name: /as CSV/ }));
    assert.match(csv.text, /region,value/);
    assert.match(csv.text, /North,439\.6/);
});

test('the same request has a page of its own, with code and activity', async () => {
    await mia.goto(stack.url + path);
    await mia.getByRole('tab', { name: /Activity/ }).click();
    for (const what of ['Sent for review', 'Approved', 'The run ended'])
        await mia.locator('.activity', { hasText: what }).waitFor();
    await mia.getByRole('tab', { name: 'Code' }).click();
    assert.equal(await mia.locator('.code code').textContent(), salesCode);
});

test('a long table comes in pages of 200; sorting and CSV take all rows', async () => {
    const author = await stack.signIn('mia');
    const reviewer = await stack.signIn('anna');
    const code = 'import pandas as pd\npd.DataFrame({"n": [(i * 7) % 450 for i in range(450)]})\n';
    const id = await submit(author, { title: 'A long table', code });
    await decide(reviewer, id, 'approve');
    await mia.goto(`${stack.url}/requests/${id}`);
    const cells = mia.locator('.table-place td.number');
    await cells.first().waitFor();
    assert.equal(await cells.count(), 200);
    await mia.getByText('Rows 1 to 200 of 450').waitFor();
    await mia.locator('.table-place th button').click();
    assert.equal(await cells.first().innerText(), '449');
    await mia.getByRole('button', { name: 'Next rows' }).click();
    await mia.getByText('Rows 201 to 400 of 450').waitFor();
    assert.equal(await cells.first().innerText(), '249');
    await mia.getByRole('button', { name: 'Next rows' }).click();
    assert.equal(await cells.count(), 50);
    assert.equal(await cells.last().innerText(), '0');
    const next = mia.getByRole('button', { name: 'Next rows' });
    assert.equal(await next.getAttribute('aria-disabled'), 'true');
    const address = await mia.getByRole('link', { name: /as CSV/ }).getAttribute('href');
    const csv = await (await mia.request.get(stack.url + address)).text();
    assert.equal(csv.trim().split(/\r?\n/).length, 451);
});

test('nothing broke the policy on the way', () => assertClean(mia, anna));
