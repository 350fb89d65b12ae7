// What the rules say, on the page: risk, what the code does, findings that must be read before an
// approval, and what may never run.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, inspect, openBrowser, openPerson, pictures, submit } from './people.mjs';

let stack;
let browser;
let mia; // the analyst, over HTTP
let noor; // another reviewer, over HTTP
let anna; // the reviewer at the page
const windows = [];

const risky = 'import socket\n\nhost = "metrics"\nline = socket.create_connection((host, 80))\n' +
    'print(line.recv(10))\n';
const plain = 'import pandas as pd\nprint(pd.read_csv("sales.csv").amount.sum())\n';

async function openRequest(page, id) {
    await page.goto(`${stack.url}/review/${id}`);
    await page.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await page.locator('.code code').waitFor();
}
const get = async (id) => (await noor.get(`/api/requests/${id}`)).body;
const isOff = (page) => page.locator('.verdict-approve').getAttribute('aria-disabled');

before(async () => {
    stack = await startStack({ env: { UNDO_SECONDS: '0' } });
    await stack.people({ mia: ['analyst'], anna: ['reviewer'], noor: ['reviewer'] });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    browser = await openBrowser();
    anna = await openPerson(stack, browser, 'anna', { to: '/review' });
    windows.push(anna);
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('the queue shows the riskiest first, with the reason', async () => {
    await submit(mia, { title: 'Sum of sales', code: plain });
    const id = await submit(mia, { title: 'Ask the metrics host', code: risky });
    await anna.reload();
    const first = anna.locator('.queue .row').first();
    await first.getByText('Ask the metrics host').waitFor();
    assert.match(await first.textContent(), /High risk: /);
    const { findings } = await get(id);
    const worst = findings.find(({ level }) => level === 'high');
    assert.equal(await first.locator('.row-reason').first().textContent(), worst.title);
    await anna.getByRole('button', { name: 'High risk 1' }).click();
    await until(async () => await anna.locator('.queue .row').count() === 1, 'one row');
    await anna.getByRole('button', { name: /Yours to decide/ }).click();
});

test('each finding above note is ticked before an approval, and that is recorded', async () => {
    const id = await submit(mia, { title: 'Ask again', code: risky });
    const { findings } = await get(id);
    const grave = findings.filter(({ level }) => level !== 'note');
    await openRequest(anna, id);
    await anna.locator('.request-meta').getByText('High risk').waitFor();
    await anna.locator('.gets').getByText('Calls:').waitFor();
    await anna.locator('.gets').getByText('Changes no data').waitFor();
    const line = anna.locator('.decision-line');
    await line.getByText(/Read \d findings? before you approve\./).waitFor();
    assert.equal(await isOff(anna), 'true');
    await anna.keyboard.press('a');
    await until(() => anna.evaluate(() => document.activeElement?.closest('.finding-read')),
        'the first tick has the focus');
    const ticks = anna.locator('.finding-read input');
    assert.equal(await ticks.count(), grave.length);
    for (let n = 0; n < grave.length; n++) await ticks.nth(n).check();
    await line.getByText(/This approves/).waitFor();
    await anna.getByText('0 of 2 approvals so far.').waitFor();
    await anna.getByRole('button', { name: /Approve/ }).click();
    await until(async () => (await get(id)).quorum?.approved === 1, 'the first approval');
    const [{ acknowledged }] = await stack.psql('superuser',
        `select acknowledged from cs.decision where request_id = ${id}`);
    assert.deepEqual(acknowledged, grave.map((one) => one.id));
});

test('who asked for what may never run reads why', async () => {
    const id = await submit(mia, { title: 'List the files', code:
        'import subprocess\nsubprocess.run(["ls"])\n' });
    const page = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    windows.push(page);
    await page.getByText('The rules of this installation do not allow this code.').waitFor();
    await page.locator('.blocked-by').getByText('Line 2').waitFor();
    await openRequest(anna, id);
    await anna.locator('.request-meta').getByText('Not allowed to run').waitFor();
    assert.equal(await isOff(anna), 'true');
    assert.equal(await anna.locator('.finding-read').count(), 0);
});

test('newer rules reach who is reading, and stop the decision', async () => {
    const id = await submit(mia, { title: 'Count to three', language: 'sql', code:
        'with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) table t' });
    await openRequest(anna, id);
    await anna.locator('.request-meta').getByText('Low risk').waitFor();
    await stack.operator('policy', 'set', 'sql.recursive', '--level', 'high', '--note', 'too slow');
    await anna.locator('.decision-line').getByText(/Version 2 is waiting/).waitFor();
    await anna.getByRole('button', { name: 'Show what changed' }).click();
    await anna.locator('.request-meta').getByText('High risk').waitFor();
    await anna.getByRole('tab', { name: /Activity/ }).click();
    await anna.getByText('Newer rules found more: decided anew').waitFor();
});

for (const width of [1440, 390])
    for (const theme of ['light', 'dark'])
        test(`findings at ${width} pixels, ${theme}`, async () => {
            const id = await submit(mia, { title: 'Ask the metrics host once more', code: risky });
            const page = await openPerson(stack, browser, 'anna', { to: '/review', width, theme });
            await openRequest(page, id);
            await inspect(page, `policy-${width}-${theme}`);
            await page.screenshot({ path: `${pictures}/policy-${width}-${theme}.png` });
            assertClean(page);
            await page.context().close();
        });

test('nothing broke the policy on the way', () => assertClean(...windows));
