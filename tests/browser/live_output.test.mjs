// A run on the page while it is under way: what it prints, how long it may take, where it runs,
// how it is stopped, why it waits, and what is known when it is lost.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { makeGate } from '../flow/sandboxes.mjs';
import {
    assertClean,
    decide,
    findBarriers,
    inspect,
    openBrowser,
    openPerson,
    pictures,
    submit,
} from './people.mjs';

let stack;
let browser;
let mia; // the analyst, over HTTP
let noor; // the reviewer, over HTTP
let page; // mia's window
const windows = [];

async function open(login, options) {
    const opened = await openPerson(stack, browser, login, options);
    windows.push(opened);
    return opened;
}

async function start(code, more = {}) {
    const id = await submit(mia, { title: 'Orders of the year, month by month', code, ...more });
    await decide(noor, id, 'approve');
    return id;
}

const show = (id, at = page) => at.goto(`${stack.url}/requests/${id}`);
const output = (at = page) => at.locator('.live-output .output');
const printed = (text, at = page) => output(at).getByText(text).first().waitFor();
const superuser = (sql, vars) => stack.psql('superuser', sql, vars);

// Every width and theme of what is on the screen: no barrier, nothing sideways, a picture.
const eyes = [];
async function openEyes() {
    for (const width of [1440, 390])
        for (const theme of ['light', 'dark'])
            eyes.push({ width, theme, at: await open('anna', { width, theme }) });
    for (const { at } of eyes) await at.goto('about:blank');
}

async function look(path, ready, name) {
    for (const { width, theme, at } of eyes) {
        await at.goto(stack.url + path);
        await ready(at);
        await inspect(at, `${name}-${theme}-${width}`);
        await at.goto('about:blank');
    }
}

before(async () => {
    stack = await startStack({
        env: {
            SANDBOXES: 'local,e2b',
            SANDBOX_TIMEOUT_MS: '300000',
            WORKER_SLOTS: '2',
        },
    });
    await stack.people({
        mia: ['analyst'],
        noor: ['reviewer'],
        anna: ['analyst', 'reviewer', 'admin'],
    });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    browser = await openBrowser();
    page = await open('mia');
    await openEyes();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('a running request shows what it prints, the time, the limit and the place', async () => {
    const gate = makeGate();
    const id = await start(
        [
            'import sys',
            'print("\\x1b[32mreading\\x1b[0m <b>orders</b>", flush=True)',
            'print("slow file\\u202e", file=sys.stderr, flush=True)',
            'for month in range(1, 13):',
            '    print(f"month {month:2}: {month * 1311.5:10.2f}", flush=True)',
            gate.wait,
            'print("all done", flush=True)',
        ].join('\n'),
    );
    await show(id);
    await printed('month 12');
    const text = await output().locator('pre').textContent();
    assert.match(text, /\x1b\[32mreading\x1b\[0m <b>orders<\/b>\n/);
    assert.equal(await output().locator('b').count(), 0, 'nothing printed becomes HTML');
    assert.equal(await output().locator('.hid[data-u="ESC"]').count(), 2);
    assert.equal(await output().locator('.live-err').textContent(), 'slow file\u202e\n');
    await page.getByText(/Running \d+ s of at most 5 min/).waitFor();
    await page.locator('.run-where', { hasText: 'Local · system-python3 · on worker-1' }).waitFor();
    const meter = page.getByRole('meter', { name: 'Time used of the limit' });
    assert.equal(await meter.getAttribute('aria-valuemax'), '300');
    await look(`/requests/${id}`, (at) => printed('month 12', at), 'running');
    await gate.open();
    // The stored result takes its place.
    await page.locator('.text-item', { hasText: 'Printed text' }).getByText('all done').waitFor();
    assert.equal(await page.locator('.live-output').count(), 0);
});

test('the end is followed unless the reader scrolled up', async () => {
    const gates = [makeGate(), makeGate(), makeGate()];
    const block = (name) => `for i in range(80): print('${name}', i, flush=True)`;
    const id = await start(
        ['a', 'b', 'c'].flatMap((name, i) => [block(name), gates[i].wait]).join('\n'),
    );
    await show(id);
    await printed('a 79');
    const atEnd = () =>
        output().evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 24);
    await until(atEnd, 'the end of a');
    await gates[0].open();
    await printed('b 79');
    await until(atEnd, 'the end of b');
    await output().evaluate((box) => (box.scrollTop = 0));
    const toEnd = page.getByRole('button', { name: 'Go to the end' });
    await toEnd.waitFor();
    await gates[1].open();
    await printed('c 79');
    assert.equal(await output().evaluate((box) => box.scrollTop), 0, 'it stays where it was put');
    await toEnd.click();
    await until(atEnd, 'the end of c');
    await toEnd.waitFor({ state: 'detached' });
    await gates[2].open();
    await page.locator('.text-item', { hasText: 'Printed text' }).waitFor();
});

test('a flood is bounded in the page and says that not all is shown', async () => {
    const gate = makeGate();
    const id = await start(
        `for i in range(60000): print('line', i)\nprint('end', flush=True)\n${gate.wait}`,
    );
    await show(id);
    await printed('end');
    await page.getByText('Not all is shown while it runs.').waitFor();
    await output().locator('.live-missing').first().waitFor();
    const size = await output()
        .locator('pre')
        .evaluate((node) => node.textContent.length);
    assert.ok(size < 80000, `${size} characters`);
    await gate.open();
    await page.locator('.text-item', { hasText: 'Printed text' }).waitFor();
});

test('a tab that nobody sees gives its connection back', async () => {
    const gates = [makeGate(), makeGate()];
    const say = (word) => `print('${word}', flush=True)`;
    const id = await start(
        [say('first'), gates[0].wait, say('second'), gates[1].wait].join('\n'),
    );
    await show(id);
    await printed('first');
    const turn = (hidden) =>
        page.evaluate((value) => {
            Object.defineProperty(document, 'hidden', { value, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }, hidden);
    const streams = async () =>
        Number(
            /^countersign_event_streams (\d+)$/m.exec(
                await (await fetch(`${stack.url}/metrics`)).text(),
            )[1],
        );
    // Its own of events and of output; the other windows are blank.
    await until(async () => (await streams()) === 2, 'both streams');
    await turn(true);
    await until(async () => (await streams()) === 1, 'the end of one');
    await gates[0].open();
    await gates[1].reached();
    await turn(false);
    await printed('second');
    assert.equal(await output().locator('pre').textContent(), 'first\nsecond\n');
    await gates[1].open();
    await page.locator('.text-item', { hasText: 'Printed text' }).waitFor();
});

test('what has no price is said, not counted as nothing', async () => {
    const id = await start('6 * 7\n');
    await show(id);
    await page.locator('.result-foot', { hasText: 'cost $0.00' }).waitFor();
    await superuser(
        `insert into cs.cost_span (request_id, kind, provider, team_id, person_id, seconds,
                                   started_at, ended_at)
         select r.id, 'sandbox', 'e2b', r.team_id, r.author_id, 12, now(), now()
         from cs.request r
         where r.id = ${id}`,
    );
    await page.reload();
    await page.locator('.result-foot', { hasText: 'price of E2B not known' }).waitFor();
});

test('without Redis the page says so, and the result comes all the same', async () => {
    const gate = makeGate();
    const id = await start(`print('seen', flush=True)\n${gate.wait}`);
    await show(id);
    await printed('seen');
    await stack.kill('redis');
    await page.locator('.live-away', { hasText: 'can not be shown right now' }).waitFor();
    await stack.start('redis');
    await page.locator('.live-away').waitFor({ state: 'detached' });
    await gate.open();
    await page.locator('.text-item', { hasText: 'Printed text' }).waitFor();
});

test('cancelling says so until the run has stopped', async () => {
    const gate = makeGate();
    const id = await start(`print('busy', flush=True)\n${gate.wait}`);
    await show(id);
    await printed('busy');
    process.kill(stack.pid('worker'), 'SIGSTOP'); // so that the state in between can be seen
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Yes, cancel it' }).click();
    const button = page.getByRole('button', { name: 'Cancelling…' });
    await button.waitFor();
    assert.equal(await button.getAttribute('aria-busy'), 'true');
    await page.getByText('It was asked to stop.').waitFor();
    process.kill(stack.pid('worker'), 'SIGCONT');
    await page.getByText('Cancelled. Nothing more will run.').waitFor();
});

test('where it runs is chosen on the form, and the reviewer sees it', async () => {
    await page.goto(`${stack.url}/ask`);
    await page.getByLabel('Your question').fill('How many orders are there?');
    await page.getByLabel('Code', { exact: true }).fill('1 + 1\n');
    const choice = page.getByLabel('Where it runs');
    assert.equal(await choice.inputValue(), 'local');
    await choice.selectOption('e2b');
    await page.getByText('Advanced').click();
    await page.getByLabel(/Fail at once when the sandbox is not available/).check();
    await page.screenshot({ path: `${pictures}/where.png`, fullPage: true });
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('button', { name: 'Send for review' }).click();
    await page.waitForURL(/request=\d+/);
    const id = Number(new URL(page.url()).searchParams.get('request'));
    const { body } = await noor.get(`/api/requests/${id}`);
    assert.deepEqual([body.bundle.sandbox, body.when_unavailable], ['e2b', 'fail']);
    const reviewer = await open('noor', { to: `/review/${id}` });
    await reviewer
        .locator('.gets', { hasText: 'Runs at E2B (code-interpreter-v1): code and files are sent' })
        .waitFor();
    const fact = (name) => reviewer.locator('.facts-column .facts div', { hasText: name }).first();
    assert.match(await fact('Sandbox').innerText(), /E2B/);
    assert.match(await fact('Template').innerText(), /code-interpreter-v1/);
    assert.match(await fact('Disk').innerText(), /As its template says/);
    assert.match(await fact('Packages').innerText(), /Not measured/);
    await reviewer.screenshot({ path: `${pictures}/review-remote.png` });
    await mia.post(`/api/requests/${id}/cancel`, {});
});

test('a request that waits says why, and since when', async () => {
    const remote = await start('1\n', { sandbox: 'e2b' });
    await show(remote);
    await page.getByText('No worker that could run it is there.').waitFor();
    await page.getByText('Your request is safe and starts on its own.').waitFor();
    const paused = await (async () => {
        const eva = await stack.signIn('anna');
        const reason = 'The disk is being changed';
        const answer = await eva.post('/api/pauses', { scope: 'all', reason });
        assert.equal(answer.status, 201, answer.text);
        return eva;
    })();
    await page.reload();
    await page.getByText('Running is paused for everybody.').waitFor();
    await page.getByText('The disk is being changed').waitFor();
    await look(
        `/requests/${remote}`,
        (at) => at.getByText('Running is paused for everybody.').waitFor(),
        'waiting-paused',
    );
    await paused.del('/api/pauses', { scope: 'all' });
    const until = new Date(Date.now() + 60000).toISOString();
    const backends = { e2b: { ready: true, breaker: 'open', until, why_not: '' } };
    await superuser(
        `insert into cs.worker (name, version, slots, backends, seen_at)
         values ('worker-b', '0.1.0', 4, :'backends'::jsonb, now() + interval '1 hour')`,
        { backends: JSON.stringify(backends) },
    );
    await page.reload();
    await page.getByText('E2B does not answer.').waitFor();
    await page.getByText(/Next try at \d\d:\d\d/).waitFor();
    const refused = { e2b: { ...backends.e2b, refused: true, why_not: 'E2B: create: 401' } };
    await superuser("update cs.worker set backends = :'refused'::jsonb where name = 'worker-b'", {
        refused: JSON.stringify(refused),
    });
    await page.reload();
    await page.getByText('E2B refuses the key in E2B_API_KEY.').waitFor();
    await look(
        `/requests/${remote}`,
        (at) => at.getByText('E2B refuses the key').waitFor(),
        'waiting-refused',
    );
    await mia.post(`/api/requests/${remote}/cancel`, {});
});

test('what could not start is told in the words of who refused it', async () => {
    const id = await start('1\n', { sandbox: 'e2b' });
    const said = 'E2B: no template <b>named</b> code-interpreter-v1';
    const set = (sql) => superuser(`update cs.attempt ${sql} where request_id = ${id}`, { said });
    await superuser("update cs.worker set stopped_at = now() where name = 'worker-b'");
    await superuser(
        `insert into cs.worker (name, version, slots, backends, seen_at)
         values ('worker-c', '0.1.0', 4, '{"e2b": {"ready": true}}', now() + interval '1 hour')`,
    );
    await set("set release_reason = :'said', release_since = now()");
    await show(id);
    await page.getByText('It could not start yet.').waitFor();
    await page.getByText(said).waitFor();
    await mia.post(`/api/requests/${id}/cancel`, {});
});

test('a lost run tells what is known, and those who may settle it can', async () => {
    const quick = { HEARTBEAT_MS: '1000', LEASE_MS: '4000', SWEEP_MS: '300' };
    await stack.restart('worker', quick);
    const gate = makeGate();
    const id = await start(`print('half', flush=True)\n${gate.wait}`);
    await show(id);
    await printed('half');
    await stack.kill('worker');
    await stack.start('worker', quick);
    await page.getByText('nobody knows how it ended').waitFor();
    const known = page.locator('.known');
    await known.getByText('The worker did not report any more').waitFor();
    await known.getByText('Local · system-python3').waitFor();
    assert.equal(await page.locator('.settle').count(), 0, 'the author does not settle it');
    const reviewer = await open('noor', { to: `/requests/${id}` });
    await reviewer.getByText('What is known').waitFor();
    await reviewer.getByText('How did it end?').waitFor();
    await look(`/requests/${id}`, (at) => at.locator('.settle').waitFor(), 'lost');
    // While a service may still tell, the page says that it is asked.
    await superuser(
        `update cs.attempt set remote = '{"sandbox_id": "sb-17"}',
             adopt_until = now() + interval '1 hour'
         where request_id = ${id}`,
    );
    await reviewer.reload();
    await reviewer.getByText('The run is being looked for at Local').waitFor();
    await reviewer.getByText(/Looked for until \d\d:\d\d at most/).waitFor();
    await reviewer.locator('.known').getByText('sb-17').waitFor();
    await reviewer.getByLabel('What did you check?').fill('Nothing was written.');
    await reviewer.getByRole('button', { name: 'It failed' }).click();
    await page.locator('.request-meta', { hasText: 'Failed' }).waitFor();
    await page.getByText('Somebody looked into it and said that it failed.').waitFor();
});

test('a run lost at a service, or cancelled when found again, says just that', async () => {
    const gate = makeGate();
    const id = await start(`print('half', flush=True)\n${gate.wait}`);
    await gate.reached();
    await stack.kill('worker');
    await stack.start('worker');
    await show(id);
    await page.getByText('The run was lost while the code ran').waitFor();
    const set = (sql) => superuser(`update cs.attempt set ${sql} where request_id = ${id}`);
    const reasons = {
        sandbox_lost: 'The sandbox stopped answering, possibly out of memory',
        output_lost: 'The output could not be stored',
        service_lost: 'The sandbox service broke off, or did not answer any more',
    };
    for (const [reason, text] of Object.entries(reasons)) {
        await set(`reason = '${reason}'`);
        await page.reload();
        await page.locator('.known').getByText(text).waitFor();
    }
    await look(`/requests/${id}`, (at) => at.locator('.known').waitFor(), 'lost-service');
    await set("state = 'cancelled', reason = 'cancelled'");
    await superuser(`update cs.request set state = 'failed' where id = ${id}`);
    await page.reload();
    await page.getByText('It was cancelled while it ran.').waitFor();
    assert.equal(await page.getByText('The code stopped with an error.').count(), 0);
});

test('nothing broke the policy on the way', () => assertClean(...windows));
