// A run that its worker lost at a service, on the page: looked for, taken up by another worker with
// all that a run shows, and cancelled at any time.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startDaytona } from '../fake/daytona.mjs';
import { startStack } from '../flow/stack.mjs';
import { makeGate } from '../flow/sandboxes.mjs';
import {
    assertClean,
    decide,
    inspect,
    openBrowser,
    openPerson,
    submit,
} from './people.mjs';

let service;
let stack;
let browser;
let mia; // the analyst, over HTTP
let noor; // the reviewer, over HTTP
let page; // mia's window
const windows = [];
const gates = [];

async function open(login, options) {
    const opened = await openPerson(stack, browser, login, options);
    windows.push(opened);
    return opened;
}

// One whose worker is lost; its window shows what it printed.
async function start() {
    const gate = makeGate();
    gates.push(gate);
    const code = `print('half of the orders', flush=True)\n${gate.wait}\nprint('all', flush=True)`;
    const id = await submit(mia, { title: 'Orders, month by month', code });
    await decide(noor, id, 'approve');
    await page.goto(`${stack.url}/requests/${id}`);
    await printed('half of the orders');
    await stack.kill('worker');
    return { id, gate };
}

const printed = (text, at = page) => at.locator('.live-output .output').getByText(text).waitFor();
const followed = (at = page) => at.getByText('A worker follows it again').waitFor();

async function cancel() {
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Yes, cancel it' }).click();
    const button = page.getByRole('button', { name: 'Cancelling…' });
    await button.waitFor();
    assert.equal(await button.getAttribute('aria-busy'), 'true');
}

async function look(path, ready, name) {
    for (const width of [1440, 390])
        for (const theme of ['light', 'dark']) {
            const at = await open('noor', { to: path, width, theme });
            await ready(at);
            await inspect(at, `${name}-${theme}-${width}`);
            await at.goto('about:blank');
        }
}

before(async () => {
    service = await startDaytona();
    stack = await startStack({
        env: {
            ...service.env,
            SANDBOX: 'daytona',
            LOCAL_OFF: '1',
            SANDBOX_TIMEOUT_MS: '300000',
            HEARTBEAT_MS: '500',
            LEASE_MS: '3000',
            SWEEP_MS: '200',
        },
    });
    await stack.people({ mia: ['analyst'], noor: ['reviewer'] });
    [mia, noor] = [await stack.signIn('mia'), await stack.signIn('noor')];
    browser = await openBrowser();
    page = await open('mia');
});
after(async () => {
    await browser?.close();
    await stack?.stop();
    await service?.stop();
});

test('what another worker has taken up shows time, place and output, and ends', async () => {
    const { id, gate } = await start();
    await stack.start('worker');
    await followed();
    await printed('half of the orders');
    await page.getByText(/Running \d+ s of at most 5 min/).waitFor();
    await page.locator('.run-where', { hasText: /^Daytona · .*on worker-1$/ }).waitFor();
    assert.equal(await page.getByText('nobody knows how it ended').count(), 0);
    const show = async (at) => {
        await followed(at);
        await printed('half of the orders', at);
        assert.equal(await at.getByText('How did it end?').count(), 0, 'its end is coming');
    };
    await look(`/requests/${id}`, show, 'taken-up');
    await gate.open();
    await page.locator('.text-item', { hasText: 'Printed text' }).getByText('all').waitFor();
});

test('what is taken up can be cancelled, and says so until it has stopped', async () => {
    await start();
    await stack.start('worker');
    await followed();
    process.kill(stack.pid('worker'), 'SIGSTOP');
    await cancel();
    await page.getByText('It was asked to stop.').waitFor();
    process.kill(stack.pid('worker'), 'SIGCONT');
    await page.getByText('It was cancelled while it ran.').waitFor();
});

test('what nobody has found yet can be cancelled: whoever finds it stops it', async () => {
    const { id } = await start();
    // A worker that looks after leases, and does not reach the service.
    await stack.start('worker', { DAYTONA_API_KEY: '', LOCAL_OFF: '0', SANDBOX: 'local' });
    await page.getByText('The run is being looked for at Daytona').waitFor();
    await cancel();
    await page.getByText('it is stopped as soon as it is found').waitFor();
    const told = (at) => at.getByText('is stopped as soon').waitFor();
    await look(`/requests/${id}`, told, 'looked-for');
    await stack.restart('worker', { ...service.env, LOCAL_OFF: '1', SANDBOX: 'daytona' });
    await page.getByText('It was cancelled while it ran.').waitFor();
});

test('nothing broke the policy on the way', () => assertClean(...windows));
