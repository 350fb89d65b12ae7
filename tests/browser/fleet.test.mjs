// The workers page: who is there and runs what, what does not answer, and what may start.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { makeGate } from '../flow/sandboxes.mjs';
import {
    assertClean,
    decide,
    findBarriers,
    openBrowser,
    openPerson,
    pictures,
    sideways,
    submit,
} from './people.mjs';

let stack;
let browser;
let mia;
let noor;
let eva; // the admin at the page
const windows = [];

async function open(login, options) {
    const page = await openPerson(stack, browser, login, options);
    windows.push(page);
    return page;
}

async function start(code) {
    const id = await submit(mia, { title: 'Counts of the day', code });
    await decide(noor, id, 'approve');
    return id;
}

const worker = (name) => eva.locator('table[aria-labelledby=workers] tr', { hasText: name });
const sandbox = (name) => eva.locator('table[aria-labelledby=backends] tr', { hasText: name });
const startRow = (name) => eva.locator('.start-row', { hasText: name });
const pauses = () => stack.psql('superuser', 'select scope, reason from cs.pause order by scope');

async function pause(what, reason) {
    await eva.getByRole('button', { name: `Pause: ${what}` }).click();
    await eva.getByLabel('Reason, shown to those who wait').fill(reason);
    await eva.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await eva.locator('dialog').waitFor({ state: 'detached' });
}

before(async () => {
    stack = await startStack({ env: { WORKER_SLOTS: '3', SANDBOX_TIMEOUT_MS: '300000' } });
    await stack.people({ mia: ['analyst'], noor: ['reviewer'], eva: ['admin'] });
    await stack.operator('team', 'add', 'Logistics and purchasing');
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    const backends = {
        e2b: {
            ready: true,
            breaker: 'open',
            failures: 5,
            until: new Date(Date.now() + 25000).toISOString(),
            why_not: 'the service answered 503 five times',
        },
        daytona: { ready: false, breaker: 'open', refused: true, why_not: 'its key was refused' },
    };
    await stack.psql(
        'superuser',
        `insert into cs.worker (name, version, slots, running, backends, seen_at) values
         ('remote-worker-7', '0.1.0', 64, 12, :'backends'::jsonb, now() + interval '1 hour')`,
        { backends: JSON.stringify(backends) },
    );
    browser = await openBrowser();
    eva = await open('eva', { to: '/workers' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('workers say what they run, sandboxes how they are', async () => {
    const gate = makeGate();
    const id = await start(`print('going', flush=True)\n${gate.wait}`);
    await gate.reached();
    await eva.reload();
    const local = worker('worker-1');
    await local.getByText('Ready').waitFor();
    await local.getByText('1 of 3').waitFor();
    await local.getByText('0.1.0').waitFor();
    await local.getByText(/running \d+ s/).waitFor();
    const remote = worker('remote-worker-7');
    await remote.getByText('12 of 64').waitFor();
    await remote.getByText(/E2B: does not answer, next try at/).waitFor();
    await remote.getByText('Daytona: refuses our key: its key was refused').waitFor();
    await remote.getByText('Not ready').waitFor();
    await sandbox('Local').getByText('Ready').waitFor();
    await sandbox('E2B').getByText('Does not answer').waitFor();
    await sandbox('E2B').getByText('the service answered 503 five times').waitFor();
    await sandbox('Daytona').getByText('Refuses the key in DAYTONA_API_KEY').waitFor();
    await local.getByRole('link', { name: `#${id}` }).click();
    await eva.waitForURL(`**/requests/${id}`);
    await eva.locator('.live-output', { hasText: 'going' }).waitFor();
    await gate.open();
    await eva.goto(`${stack.url}/workers`);
    await local.getByText('nothing').waitFor();
});

test('a pause needs a reason, says who and when, and holds what is approved', async () => {
    await startRow('Everything').getByText('Runs start').waitFor();
    await eva.getByRole('button', { name: 'Pause: Everything' }).click();
    const dialog = eva.getByRole('dialog', { name: 'Pause “Everything”?' });
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog.getByText('Write a reason first.').waitFor();
    assert.deepEqual(await findBarriers(eva), []);
    await eva.screenshot({ path: `${pictures}/pause-dialog.png` });
    await dialog.getByRole('button', { name: 'Do not pause' }).click();
    assert.deepEqual(await pauses(), []);
    await pause('Everything', 'New <b>disk</b>');
    await startRow('Everything').getByText('by eva, just now').waitFor();
    await startRow('Everything').getByText('New <b>disk</b>').waitFor();
    assert.deepEqual(await pauses(), [{ scope: 'all', reason: 'New <b>disk</b>' }]);
    const id = await start('6 * 7\n');
    const page = await open('mia', { to: `/requests/${id}` });
    await page.getByText('Running is paused for everybody.').waitFor();
    await page.getByText('New <b>disk</b>').waitFor();
    await eva.getByRole('button', { name: 'Resume: Everything' }).click();
    await startRow('Everything').getByText('Runs start').waitFor();
    assert.deepEqual(await pauses(), []);
    await page.locator('.text-item', { hasText: '42' }).waitFor();
});

test('a team and a sandbox have a switch of their own', async () => {
    await pause('Team data', 'Month end');
    await pause('Local', 'Kernel update');
    await startRow('Team data').getByText('Month end').waitFor();
    await sandbox('Local').getByText('Kernel update').waitFor();
    assert.deepEqual((await pauses()).map(({ reason }) => reason).sort(),
        ['Kernel update', 'Month end']);
    for (const [width, theme] of [
        [1440, 'light'],
        [1440, 'dark'],
        [1024, 'light'],
        [390, 'light'],
        [390, 'dark'],
    ]) {
        const page = await openPerson(stack, browser, 'eva', { width, theme, to: '/workers' });
        await page.getByText('Kernel update').waitFor();
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({
            path: `${pictures}/fleet-${theme}-${width}.png`,
            fullPage: true,
        });
        assert.deepEqual(await findBarriers(page), []);
        assert.equal(await sideways(page), 0, `${width} scrolls sideways`);
        assertClean(page);
        await page.context().close();
    }
    await eva.getByRole('button', { name: 'Resume: Team data' }).click();
    await eva.getByRole('button', { name: 'Resume: Local' }).click();
    await sandbox('Local').getByText('Paused').waitFor({ state: 'detached' });
    assert.deepEqual(await pauses(), []);
});

test('who is no admin has no switches', async () => {
    const page = await open('noor', { to: '/workers' });
    await page.locator('table[aria-labelledby=workers] tbody tr').first().waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Pause|Resume)/ }).count(), 0);
});

test('nothing broke the policy on the way', () => assertClean(...windows));
