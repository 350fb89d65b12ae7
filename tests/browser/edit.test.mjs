// A reviewer edits what somebody asked for: it is said before and after that another must decide.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, decide, inspect, openBrowser, openPerson, ordersCsv, submit }
    from './people.mjs';

let stack;
let browser;
let mia;
let noor;
let anna;
let page; // noor's

before(async () => {
    stack = await startStack({ env: { UNDO_SECONDS: '60' } });
    await stack.people({ mia: ['analyst'], noor: ['reviewer'], anna: ['reviewer'] });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    anna = await stack.signIn('anna');
    browser = await openBrowser();
    page = await openPerson(stack, browser, 'noor', { to: '/review' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const line = () => page.locator('.decision-line');
const code = () => page.getByLabel('Code', { exact: true });

async function startEdit(id) {
    await page.goto(`${stack.url}/review/${id}`);
    await page.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await page.locator('.request-head').getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('heading', { name: `New version of #${id}` }).waitFor();
}

async function edit(id, text) {
    await startEdit(id);
    await until(async () => (await code().inputValue()) !== '', 'the old code');
    await code().fill(text);
    await page.getByRole('button', { name: 'Send new version' }).click();
    await page.locator('.toast', { hasText: `Sent version 2 of #${id}. You edited it` }).waitFor();
}

test('who edits is told before and after, can not approve, and another can', async () => {
    const { body: file } = await mia.upload('orders.csv', ordersCsv);
    const id = await submit(mia, { title: 'Nearly right', code: 'a = 1\na\n',
        files: [{ id: file.id }] });
    await startEdit(id);
    await page.getByText('You become an editor of it, so another person must approve').waitFor();
    assert.equal(await page.getByText('Without you there are too few').count(), 0);
    await inspect(page, 'edit-before');
    await edit(id, 'a = 2\na\n');
    await page.waitForURL(`${stack.url}/review/${id}`);
    await line().getByText('You edited this, so another person must approve it.').waitFor();
    await page.locator('.row.gone, .row', { hasText: 'Nearly right' }).first().waitFor();
    for (const verdict of ['reject', 'request_changes', 'approve'])
        assert.equal(await page.locator(`.verdict-${verdict}`).getAttribute('aria-disabled'),
            'true');
    await inspect(page, 'edit-after');
    const { body } = await noor.get(`/api/requests/${id}`);
    assert.deepEqual([body.revision, body.code, body.cannot_decide_because, body.files.length],
        [2, 'a = 2\na\n', 'own_request', 1]);
    const tried = await noor.post(`/api/requests/${id}/decisions`,
        { verdict: 'approve', revision: 2, bundle_sha256: body.bundle.sha256 });
    assert.equal(tried.status, 403, tried.text);
    assert.equal(tried.body.error.code, 'own_request');
    const author = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    await author.locator('.result-head', { hasText: 'Version 2' }).waitFor();
    assert.equal((await decide(anna, id, 'approve')).state, 'approved');
    assertClean(page, author);
});

test('the last who may approve is told that nobody would be left', async () => {
    const id = await submit(mia, { title: 'Only two' });
    await edit(id, 'a = 3\na\n');
    // noor is an editor; anna is the only one left, and would be the next.
    const other = await openPerson(stack, browser, 'anna', { to: `/review/${id}` });
    await other.locator('.request-head').getByRole('button', { name: 'Edit' }).click();
    await other.getByText('Without you there are too few people who may approve it.').waitFor();
    await other.getByRole('button', { name: 'Start over' }).click();
    await other.waitForURL(`${stack.url}/review/${id}`);
    const changed = await anna.post(`/api/requests/${id}/revisions`,
        { revision: 2, code: 'a = 4\na\n' });
    assert.equal(changed.status, 201, changed.text);
    await other.getByRole('button', { name: 'Show what changed' }).click();
    await other.locator('.quorum-line').getByText('Nobody may approve it').waitFor();
    const author = await openPerson(stack, browser, 'mia', { to: `/requests/${id}` });
    await author.locator('.result .note', { hasText: 'Nobody may approve it' }).waitFor();
    assertClean(other, author);
});

test('who sends what too few people may approve is told so at once', async () => {
    await stack.operator('person', 'disable', 'anna');
    const author = await openPerson(stack, browser, 'mia', { to: '/ask' });
    const field = author.getByLabel('Code', { exact: true });
    const warning = author.locator('.ask-form .note', { hasText: 'which is not enough' });
    await author.getByLabel('Your question').fill('Who is there?');
    await field.fill('import socket\nsocket.create_connection(("a", 1))\n');
    await author.keyboard.press('Control+Enter');
    await warning.getByText('It is sent. Only 1 person may approve this').waitFor();
    await author.waitForURL(/\?request=\d+/);
    await inspect(author, 'ask-warning');
    const first = author.url();
    await field.fill('1\n');
    await warning.waitFor({ state: 'detached' });
    await author.keyboard.press('Control+Enter');
    await author.waitForURL((now) => now.href !== first);
    assert.equal(await warning.count(), 0, 'a low risk needs one');
    assertClean(author);
});
