// Deciding on the page: own requests, notes, newer versions, undo, somebody faster, the keyboard.
// Proves: T5
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, decide, openBrowser, openPerson, submit } from './people.mjs';

let stack;
let browser;
let mia; // the analyst, over HTTP
let noor; // another reviewer, over HTTP
let anna; // the reviewer at the page; she asks, too
const windows = [];

async function open(login, to) {
    const page = await openPerson(stack, browser, login, { to });
    windows.push(page);
    return page;
}

const line = (page) => page.locator('.decision-line');
const button = (page, verdict) => page.locator(`.verdict-${verdict}`);
const note = (page) => page.locator('.note-field');

async function stateOf(id) {
    return (await noor.get(`/api/requests/${id}`)).body;
}

async function openRequest(page, id) {
    await page.goto(`${stack.url}/review/${id}`);
    await page.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await page.locator('.code code').waitFor();
}

before(async () => {
    // A minute to undo: no test here waits for its end.
    stack = await startStack({ env: { UNDO_SECONDS: '60' } });
    await stack.people({ mia: ['analyst'], anna: ['analyst', 'reviewer'], noor: ['reviewer'] });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    browser = await openBrowser();
    anna = await open('anna', '/review');
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

// Proves: T28
test('what was sent twice says so, in the queue and in front of the code', async () => {
    const [first, second] = [await submit(mia, { title: 'Twice', code: 'print("twice")' }),
                             await submit(mia, { title: 'Twice', code: 'print("twice")' })];
    await openRequest(anna, second);
    const told = `The same as #${first}, which waits, too`;
    await anna.locator('.queue').getByText(told).waitFor();
    await anna.locator('.request-head').getByRole('link', { name: told }).click();
    await anna.locator('.request-meta', { hasText: `#${first}` }).waitFor();
    assert.equal(await anna.locator('.request-head').getByText('which waits, too').count(), 0);
    for (const id of [first, second])
        await decide(noor, id, 'reject', 'once is enough');
});

// Proves: T4
test('an own request can not be approved, and the bar says why', async () => {
    const own = await stack.signIn('anna');
    const id = await submit(own, { title: 'My own question' });
    await openRequest(anna, id);
    await line(anna).getByText('You asked for this, so another person must approve it.').waitFor();
    for (const verdict of ['reject', 'request_changes', 'approve']) {
        assert.equal(await button(anna, verdict).getAttribute('aria-disabled'), 'true');
        await button(anna, verdict).click({ force: true });
    }
    await anna.keyboard.press('a');
    await anna.keyboard.press('Enter');
    assert.equal((await stateOf(id)).state, 'pending');
    await own.post(`/api/requests/${id}/cancel`, {});
});

test('rejecting needs a note, and the author reads it', async () => {
    const id = await submit(mia, { title: 'All customers with address' });
    await openRequest(anna, id);
    await anna.keyboard.press('r');
    await line(anna).getByText('Write a note for mia first').waitFor();
    assert.equal(await note(anna).evaluate((field) => field === document.activeElement), true);
    await note(anna).fill('Counts are enough, no names please.');
    await anna.keyboard.press('Control+Enter');
    await anna.locator('.toast', { hasText: `Rejected #${id}.` }).waitFor();
    const { state, decisions } = await stateOf(id);
    assert.equal(state, 'rejected');
    assert.equal(decisions[0].note, 'Counts are enough, no names please.');
    const page = await open('mia', `/requests/${id}`);
    await page.getByText('Not approved. anna wrote:').waitFor();
    await page.locator('blockquote', { hasText: 'no names please' }).waitFor();
});

test('asked for a change, the author sends version 2, and its diff is shown', async () => {
    const id = await submit(mia, { title: 'Twice', code: 'a = 1\nb = 2\na + b\n' });
    await openRequest(anna, id);
    await note(anna).fill('Use 3, please.');
    await button(anna, 'request_changes').click();
    await anna.locator('.toast', { hasText: `Asked for a change in #${id}.` }).waitFor();

    const page = await open('mia', `/requests/${id}`);
    await page.getByRole('button', { name: 'Change your code' }).click();
    await page.getByRole('heading', { name: `New version of #${id}` }).waitFor();
    const code = page.getByLabel('Code', { exact: true });
    await until(async () => (await code.inputValue()) === 'a = 1\nb = 2\na + b\n', 'the old code');
    await code.fill('a = 1\nb = 3\na + b\n');
    await page.getByRole('button', { name: 'Send new version' }).click();
    await page.locator('.result-card', { hasText: 'Version 2' }).waitFor();

    await openRequest(anna, id);
    await anna.locator('.code .line.changed').first().waitFor();
    assert.equal(await anna.locator('.code .line.changed').count(), 1);
    await anna.keyboard.press('2');
    await anna.locator('.line.added', { hasText: 'b = 3' }).waitFor();
    await anna.locator('.line.removed', { hasText: 'b = 2' }).waitFor();
    assert.equal(await anna.locator('.line.diff').count(), 4);
    await line(anna).getByText('This approves version 2 only.').waitFor();
});

// Proves: T2
test('a newer version stops the decision, keeps the note and shows what changed', async () => {
    const id = await submit(mia, { title: 'Moves under the eyes', code: 'x = 1\nx\n' });
    await openRequest(anna, id);
    const fingerprint = () =>
        anna.locator('.facts-column .facts div', { hasText: 'Fingerprint' }).innerText();
    const read = await fingerprint();
    await note(anna).fill('Half a note');
    const revised = await mia.post(`/api/requests/${id}/revisions`, {
        revision: 1,
        language: 'python',
        code: 'x = 2\nx\n',
    });
    assert.equal(revised.status, 201, revised.text);
    await line(anna).getByText('Version 2 is waiting. Your note is kept.').waitFor();
    assert.equal(await fingerprint(), read);
    // What was read stays on the screen, and can not be approved any more.
    assert.equal(await anna.locator('.code code').textContent(), 'x = 1\nx\n');
    assert.equal(await button(anna, 'approve').getAttribute('aria-disabled'), 'true');
    await button(anna, 'approve').click({ force: true });
    await anna.keyboard.press('a');
    await anna.keyboard.press('Enter');
    assert.equal((await stateOf(id)).state, 'pending');
    await line(anna).getByRole('button', { name: 'Show what changed' }).click();
    await anna.locator('.line.added', { hasText: 'x = 2' }).waitFor();
    await line(anna).getByText('This approves version 2 only.').waitFor();
    assert.equal(await note(anna).inputValue(), 'Half a note');
});

test('a conflict that only the server knows of is shown the same way', async () => {
    const id = await submit(mia, { title: 'Slow events', code: 'y = 1\ny\n' });
    const page = await open('anna', '/review');
    await page.route('**/api/events', (route) => route.abort());
    await openRequest(page, id);
    await note(page).fill('Looks right');
    await mia.post(`/api/requests/${id}/revisions`, {
        revision: 1,
        language: 'python',
        code: 'y = 2\ny\n',
    });
    const answered = page.waitForResponse((one) => one.url().endsWith(`${id}/decisions`));
    await button(page, 'approve').click();
    assert.equal((await answered).status(), 409);
    await line(page).getByText('Version 2 is waiting. Your note is kept.').waitFor();
    assert.equal(await note(page).inputValue(), 'Looks right');
    assert.equal((await stateOf(id)).state, 'pending');
});

test('somebody was faster: the row turns grey and the bar says who', async () => {
    const id = await submit(mia, { title: 'Taken by Noor' });
    const other = await submit(mia, { title: 'Stays in the list' });
    const page = await open('anna', '/review');
    await page.locator('.queue .row', { hasText: 'Stays in the list' }).waitFor();
    await openRequest(page, id);
    await decide(noor, id, 'reject', 'Not this one');
    await line(page)
        .getByText(/Rejected by noor/)
        .waitFor();
    await page.locator('.row.gone', { hasText: /Rejected by noor/ }).waitFor();
    assert.equal(await button(page, 'approve').getAttribute('aria-disabled'), 'true');
    await decide(noor, other, 'reject', 'Nor this');
});

test('undo takes the approval back before anything runs', async () => {
    const id = await submit(mia, { title: 'Approved too soon', code: '1 / 1\n' });
    await openRequest(anna, id);
    await button(anna, 'approve').click();
    const toast = anna.locator('.toast', { hasText: `Approved #${id}.` });
    await toast.getByText(/starts in/).waitFor();
    assert.equal((await stateOf(id)).state, 'approved');
    await anna.keyboard.press('z');
    await anna.locator('.toast', { hasText: 'taken back' }).waitFor();
    const { state, attempts, decisions } = await stateOf(id);
    assert.equal(state, 'pending');
    assert.ok(
        attempts.every((one) => one.started_at === null),
        JSON.stringify(attempts),
    );
    assert.equal(decisions[0].void, true);
    await anna.waitForURL(`**/review/${id}`);
    await line(anna).getByText('This approves version 1 only.').waitFor();
});

test('the keyboard walks the queue, opens the help, and can be told to keep quiet', async () => {
    await submit(mia, { title: 'Walk one' });
    await submit(mia, { title: 'Walk two' });
    const page = await open('anna', '/review');
    await page.waitForURL(/\/review\/\d+/);
    const title = () => page.locator('.request-title').innerText();
    const first = await title();
    await page.keyboard.press('j');
    await until(async () => (await title()) !== first, 'the next request');
    assert.equal(
        await page.locator('.request-title').evaluate((node) => node === document.activeElement),
        true,
    );
    await page.keyboard.press('k');
    await until(async () => (await title()) === first, 'the request before');
    await page.keyboard.press('3');
    assert.equal(
        await page.getByRole('tab', { name: 'Question' }).getAttribute('aria-selected'),
        'true',
    );
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('1');
    assert.equal(
        await page.getByRole('tab', { name: 'Question' }).getAttribute('aria-selected'),
        'true',
    );
    await page.getByLabel('Use single-key shortcuts').uncheck();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('j');
    assert.equal(await title(), first);
    // In a field, keys are letters.
    await note(page).pressSequentially('raj');
    assert.equal(await note(page).inputValue(), 'raj');
});

test('a dialog that closes leaves the focus with who is typing already', async () => {
    await submit(mia, { title: 'Typed at once' });
    const page = await open('anna', '/review');
    await page.locator('.request-title').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    // The page hears of the closing a frame later.
    await page.evaluate(() => {
        document.querySelector('dialog').close();
        document.querySelector('.note-field').focus();
    });
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.keyboard.type('raj');
    assert.equal(await note(page).inputValue(), 'raj');
});

test('a note can be written without a connection', async () => {
    const page = await open('anna', '/review');
    await page.locator('.request-title').waitFor();
    await page.context().setOffline(true);
    await line(page).getByText('You are offline.').waitFor();
    await note(page).fill('');
    await note(page).pressSequentially('kept');
    assert.equal(await note(page).inputValue(), 'kept');
    await page.context().setOffline(false);
    await line(page).getByText('only.').waitFor();
    assert.equal(await note(page).inputValue(), 'kept');
});

test('search finds a request by its words and opens it', async () => {
    const page = await open('anna', '/review');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('Walk two');
    await page.getByRole('option', { name: /Walk two/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.result-title', { hasText: 'Walk two' }).waitFor();
});

test('a request without a title is called by its question, the same everywhere', async () => {
    const page = await open('anna', '/review');
    const asked = await submit(mia, { title: undefined, question: ' How many lamps?\nAnd desks?' });
    const silent = await submit(mia, { title: undefined });
    for (const [id, name] of [[asked, 'How many lamps?'], [silent, 'Untitled request']]) {
        await page.goto(`${stack.url}/review/${id}`);
        const row = page.locator(`.queue .row[href="/review/${id}"] .row-title bdi`);
        const found = [await row.textContent(), await page.locator('.request-title').innerText()];
        await page.goto(`${stack.url}/requests/${id}`);
        found.push(await page.locator('.result-title').innerText());
        await page.goto(`${stack.url}/requests`);
        await page.getByRole('button', { name: 'All' }).click();
        found.push(await page.locator(`tbody a[href="/requests/${id}"]`).innerText());
        assert.deepEqual(found, [name, name, name, name]);
        await decide(noor, id, 'reject', 'Not now.');
    }
});

test('who is no reviewer sees no desk and can decide nothing', async () => {
    const page = await open('mia', '/review');
    assert.equal(await page.locator('.top-nav a', { hasText: 'Review' }).count(), 0);
    const id = await submit(mia, { title: 'Not for Mia to decide' });
    await page.goto(`${stack.url}/review/${id}`);
    await line(page)
        .getByText(/must approve it|Only a reviewer/)
        .waitFor();
    assert.equal(await button(page, 'approve').getAttribute('aria-disabled'), 'true');
});

test('nothing broke the policy on the way', () => assertClean(...windows));
