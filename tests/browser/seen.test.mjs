// What a reviewer had on the screen before an approval, and for how long they must have had it.
// Proves: T5
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { assertClean, openBrowser, openPerson, submit } from './people.mjs';

const LINES = 120;
const CODE = Array.from({ length: LINES }, (_, n) => `print("Zeile ${n + 1} für alle")\n`).join('');

let stack;
let browser;
let mia; // the analyst, over HTTP
let anna; // the reviewer at the page

before(async () => {
    stack = await startStack({ workers: 0, env: { REVIEW_MIN_SECONDS: '3' } });
    await stack.people({ mia: ['analyst'], anna: ['reviewer'], noor: ['reviewer'] });
    mia = await stack.signIn('mia');
    browser = await openBrowser();
    anna = await openPerson(stack, browser, 'anna', { to: '/review' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function openRequest(id) {
    await anna.goto(`${stack.url}/review/${id}`);
    await anna.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await anna.locator('.code code').waitFor();
}

const unseen = () => anna.evaluate(
    () => parseInt(document.querySelector('.unseen-lines')?.textContent ?? '0', 10));

// Half a screen at a time, so that no line is passed over.
async function readOn() {
    const before = await unseen();
    await anna.locator('.request-scroll').evaluate((box) => box.scrollBy(0, box.clientHeight / 2));
    await anna.waitForFunction((n) => n > parseInt(
        document.querySelector('.unseen-lines')?.textContent ?? '0', 10), before);
}

async function approve(id) {
    await anna.locator('.verdict-approve[aria-disabled="true"]').waitFor({ state: 'detached' });
    await anna.locator('.verdict-approve').click();
    await anna.locator('.toast', { hasText: `Approved #${id}.` }).waitFor();
    const [{ body }] = await stack.psql('superuser', `select body from cs.audit_event
        where entity = 'request' and entity_id = :id and event = 'decision.approve'`, { id });
    return body;
}

test('lines count once they were on the screen', async () => {
    const id = await submit(mia, { code: CODE });
    await openRequest(id);
    await anna.waitForFunction(
        () => parseInt(document.querySelector('.unseen-lines')?.textContent, 10) < 120);
    const shown = LINES - await unseen();
    assert.ok(shown > 5 && shown < 80, `${shown} lines fit on a screen`);
    await readOn();
    const left = await unseen();
    const told = await approve(id);
    const bytes = Buffer.byteLength(CODE);
    assert.ok(told.seen_bytes > 0 && told.seen_bytes < bytes, `${told.seen_bytes} of ${bytes}`);
    assert.ok(Math.abs(told.seen_bytes / bytes - (LINES - left) / LINES) < 0.05);
    assert.match(told.seen_digest, /^[0-9a-f]{64}$/);
    assert.ok(told.dwell_ms > 0);
});

test('who read on to the end has seen every byte, and is told no more', async () => {
    const id = await submit(mia, { code: CODE });
    await openRequest(id);
    await anna.locator('.unseen-lines').waitFor();
    while (await unseen() > 0) await readOn();
    assert.equal(await anna.locator('.unseen-lines').count(), 0);
    assert.equal((await approve(id)).seen_bytes, Buffer.byteLength(CODE));
});

test('an approval waits as long as the operator says, and the bar counts down', async () => {
    const id = await submit(mia);
    await openRequest(id);
    await anna.locator('.decision-line', { hasText: 'take the time to read' }).waitFor();
    const { body } = await anna.evaluate(async (at) => {
        const detail = await (await fetch(`/api/requests/${at}`)).json();
        return { body: detail };
    }, id);
    assert.ok(body.shown_for_ms >= 0 && body.shown_for_ms < 3000);
    const noor = await stack.signIn('noor');
    const early = await noor.post(`/api/requests/${id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: body.bundle.sha256 });
    assert.deepEqual([early.status, early.body.error.code], [409, 'too_soon']);
    assert.equal((await approve(id)).seen_bytes, body.code_bytes);
});

test('nothing broke the policy on the way', () => assertClean(anna));
