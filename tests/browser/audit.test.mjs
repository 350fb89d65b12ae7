// The Audit view: questions to choose and narrow, SQL of one's own, answers, errors, CSV.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startStack, until } from '../flow/stack.mjs';
import {
    assertClean,
    findBarriers,
    inspect,
    openBrowser,
    openPerson,
    pictures,
    sideways,
    submit,
} from './people.mjs';

let stack;
let browser;
let eva;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ mia: ['analyst'], noor: ['reviewer'], eva: ['admin'] });
    const mia = await stack.signIn('mia');
    const noor = await stack.signIn('noor');
    for (const title of ['Sales by region', '=cmd|1', 'Stock <b>levels</b>']) {
        const id = await submit(mia, { title });
        await noor.get(`/api/requests/${id}`);
    }
    browser = await openBrowser();
    eva = await openPerson(stack, browser, 'eva', { to: '/audit' });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const answer = () => eva.getByRole('region', { name: 'Answer' });
const choose = (name) => eva.getByRole('navigation', { name: 'Questions' })
    .getByRole('link', { name }).click();
const isSorted = async (order) => {
    const cells = await answer().locator('tbody tr td:nth-child(3)').allInnerTexts();
    return cells.length > 1 && String(cells.map(Number).sort(order)) === String(cells);
};
const runningQueries = () => stack.psql('superuser', `select pid from pg_stat_activity
    where usename = 'countersign_auditor' and query like '%pg_sleep%' and state = 'active'`);

test('an admin comes here by the navigation; nobody else does', async () => {
    await eva.goto(`${stack.url}/requests`);
    const main = eva.getByRole('navigation', { name: 'Main' });
    await main.getByRole('link', { name: 'Audit' }).click();
    await eva.getByRole('heading', { name: 'Audit', exact: true }).waitFor();
    await eva.getByRole('region', { name: 'Audit seal' }).waitFor();
    const noor = await openPerson(stack, browser, 'noor', { to: '/audit' });
    await noor.getByText('Only admins can ask the audit trail.').waitFor();
    assert.equal(await noor.getByRole('link', { name: 'Audit' }).count(), 0);
    assertClean(noor);
    await noor.context().close();
});

const seal = () => eva.getByRole('region', { name: 'Audit seal' });
const rows = (sql) => stack.psql('superuser', sql);

test('how far the trail is sealed, with the head to copy and to keep', async () => {
    await until(async () => (await rows(`select count(*)::int as n from cs.audit_event
        where xid >= coalesce((select max(xid_to) from cs.audit_seal), '0')`))[0].n === 0, 'seals');
    await eva.reload();
    const [{ n, last_id, root, hash }] = await rows(`select n::int, last_id::int,
        encode(root, 'hex') as root, encode(hash, 'hex') as hash
        from cs.audit_seal order by n desc limit 1`);
    await seal().getByText(`Sealed up to row ${last_id}`).waitFor();
    await seal().getByText(root).waitFor();
    const lines = (await readFile(stack.state.files.SEAL_HEADS_FILE, 'utf8')).split('\n');
    const head = lines.find((line) => line.split(' ')[2] === String(n));
    const [file] = await Promise.all([
        eva.waitForEvent('download'),
        seal().getByRole('button', { name: 'Download head' }).click(),
    ]);
    assert.equal(file.suggestedFilename(), `audit-head-${n}.txt`);
    assert.equal(await readFile(await file.path(), 'utf8'), `${head}\n`);
    await eva.evaluate(() => {
        globalThis.copied = [];
        navigator.clipboard.writeText = (text) => Promise.resolve(globalThis.copied.push(text));
    });
    await seal().getByRole('button', { name: 'Copy head' }).click();
    await seal().getByText('Copied').waitFor();
    assert.deepEqual(await eva.evaluate(() => globalThis.copied), [head]);
    await eva.goto(`${stack.url}/requests`);
    const foot = eva.getByRole('contentinfo');
    await foot.getByText(`Audit: Sealed up to row ${last_id}`).waitFor();
    await foot.getByText(hash.slice(0, 12)).waitFor();
    const noor = await openPerson(stack, browser, 'noor', { to: '/requests' });
    await noor.getByRole('heading', { level: 1 }).first().waitFor();
    assert.equal(await noor.getByRole('contentinfo').count(), 0);
    await noor.context().close();
    await foot.getByRole('link').click();
    await seal().waitFor();
});

// A row that nobody can seal: its transaction is one that is still to come.
test('that sealing is late is said here and at the foot', async () => {
    const [{ id, xid }] = await rows(`select id, xid::text from cs.audit_event
        order by id desc limit 1`);
    const change = (to) => rows(`set session_replication_role = replica;
        update cs.audit_event set ${to} where id = ${id};
        set session_replication_role = origin`);
    await change("xid = '900000000', ts = ts - interval '1 hour'");
    await eva.goto(`${stack.url}/audit`);
    await seal().getByText('Sealing is late').waitFor();
    await seal().getByText(/^1 row is not sealed, the first for 1 h/).waitFor();
    await eva.getByRole('contentinfo').getByText('Audit: Sealing is late').waitFor();
    assert.deepEqual(await findBarriers(eva), []);
    await change(`xid = '${xid}', ts = ts + interval '1 hour'`);
    await eva.reload();
    await seal().getByText('Sealed up to row').waitFor();
});

const found = (item) => rows(`select cs.operator_audit_verified('${JSON.stringify(
    { rows: 1234, heads: 26, duration_ms: 900, read_us: 1, ...item })}')`);
const newest = "id = (select max(id) from cs.audit_event where event = 'audit.verified')";
const foundAgo = (span) => rows(`set session_replication_role = replica;
    update cs.audit_event set ts = ts - interval '${span}' where ${newest};
    update cs.audit_event e set hash = cs.audit_leaf(e) where ${newest};
    set session_replication_role = origin`);

test('whether it was whole when somebody verified it, or that nobody ever did', async () => {
    const says = async (text) => {
        await seal().getByText(/verified/i).first().waitFor();
        assert.equal(await seal().getByText(text, { exact: true }).count(), 1, text);
    };
    const look = async (name) => {
        for (const [width, theme] of [[1440, 'light'], [1440, 'dark'], [390, 'light'],
                                      [390, 'dark']]) {
            const page = await openPerson(stack, browser, 'eva', { width, theme, to: '/audit' });
            await page.getByRole('region', { name: 'Audit seal' }).waitFor();
            await page.screenshot({ path: `${pictures}/verified-${name}-${theme}-${width}.png` });
            assert.deepEqual(await findBarriers(page), []);
            assert.equal(await sideways(page), 0, `${width} scrolls sideways`);
            await page.context().close();
        }
    };
    await eva.reload();
    await says('Never verified');
    await look('never');
    const [{ n, hash }] = await rows(`select n::int, encode(hash, 'hex') as hash
        from cs.audit_seal order by n desc limit 1`);
    await found({ outcome: 'whole', seal: n, hash });
    await foundAgo('3 hours');
    await eva.reload();
    await says('Whole when verified');
    await seal().getByText(`Up to seal ${n} · 3 h ago · 1,234 rows read, held against 26 heads`)
        .waitFor();
    await look('whole');
    await foundAgo('8 days');
    await eva.reload();
    await says('Not verified for a week');
    await look('old');
    await found({ outcome: 'unsealed', seal: n, hash });
    await eva.reload();
    await says('Whole when verified, but not sealed to its end');
    await found({ outcome: 'broken', why: 'attempt 7: is not as <b>the</b> audit trail has it' });
    await eva.reload();
    await says('Broken when verified');
    await says('attempt 7: is not as <b>the</b> audit trail has it');
    await look('broken');
    assert.match(await eva.getByRole('contentinfo').innerText(), /Audit: Broken when verified/);
    await found({ outcome: 'whole', seal: n, hash });
    await eva.reload();
    await says('Whole when verified');
});

test('a question is found, narrowed, asked and sorted', async () => {
    await eva.getByLabel('Search questions').fill('saw');
    await choose('Who saw what');
    await eva.getByText('The answer appears here.').waitFor();
    await eva.getByLabel('Person').fill('nobody');
    await eva.getByRole('button', { name: 'Run' }).click();
    await answer().getByText('Nobody has this login.').waitFor();
    assert.equal(await eva.getByLabel('Person').getAttribute('aria-invalid'), 'true');
    await eva.getByLabel('Person').fill('noor');
    await eva.keyboard.press('Control+Enter');
    await answer().getByText(/^3 rows in/).waitFor();
    await answer().getByText('Stock <b>levels</b>').waitFor();
    await answer().getByRole('button', { name: 'request_id', exact: true }).click();
    await until(() => isSorted((a, b) => b - a), 'the newest first');
    await answer().getByRole('button', { name: 'request_id', exact: true }).click();
    await until(() => isSorted((a, b) => a - b), 'the oldest first');
    const [last] = await stack.psql('auditor',
        'select person, question, parameters from audit_queries order by ts desc limit 1');
    assert.deepEqual(last, {
        person: 'eva', question: 'who_saw_what', parameters: { person: 'noor' } });
});

test('the answer is to be had as CSV, without formulas', async () => {
    const [file] = await Promise.all([
        eva.waitForEvent('download'),
        answer().getByRole('button', { name: /CSV/ }).click(),
    ]);
    assert.equal(file.suggestedFilename(), 'who_saw_what.csv');
    const text = await readFile(await file.path(), 'utf8');
    assert.match(text, /^ts,person,request_id/);
    assert.match(text, /"'=cmd\|1"/);
});

test('what must be empty says so', async () => {
    await eva.getByLabel('Search questions').fill('');
    await choose('Broken chains');
    await eva.getByText('Must be empty').waitFor();
    await eva.getByRole('button', { name: 'Run' }).click();
    await answer().getByText('No rows, as it must be.').waitFor();
});

test('SQL of one\'s own: an error is marked, a long one cancelled', async () => {
    await choose('Your own query');
    const field = eva.getByLabel('SQL', { exact: true });
    await field.fill('select name,\n  nope\nfrom people');
    await field.press('Control+Enter');
    await answer().getByText('column "nope" does not exist (42703)').waitFor();
    await answer().getByText('Line 2, column 3').waitFor();
    assert.equal(await answer().locator('mark').innerText(), 'nope');
    await eva.screenshot({ path: `${pictures}/audit-error.png`, fullPage: true });
    assert.deepEqual(await findBarriers(eva), []);
    await field.fill('select pg_sleep(3600)');
    await field.press('Control+Enter');
    await answer().getByText(/^Running \d+ s of at most 10 s/).waitFor();
    await until(async () => (await runningQueries()).length === 1, 'the query');
    await answer().getByRole('button', { name: 'Cancel' }).click();
    await answer().getByText('Cancelled. Nothing was changed.').waitFor();
    await until(async () => (await runningQueries()).length === 0, 'its end');
    await field.fill('select login, kind from people order by login');
    await field.press('Control+Enter');
    await answer().getByText(/^3 rows in/).waitFor();
});

test('it looks right in both themes and on a phone', async () => {
    const wide = `select l.*, l.hash as again from audit_logs l order by id`;
    for (const [width, theme] of [[1440, 'light'], [1440, 'dark'], [390, 'light'], [390, 'dark']]) {
        const page = await openPerson(stack, browser, 'eva', {
            width, theme, to: '/audit?q=who_saw_what' });
        await page.getByRole('button', { name: 'Run' }).click();
        await page.getByText(/^3 rows in/).waitFor();
        await inspect(page, `audit-${theme}-${width}`);
        await page.screenshot({ path: `${pictures}/audit-${theme}-${width}-full.png`,
            fullPage: true });
        await page.goto(`${stack.url}/audit?q=sql`);
        await page.getByLabel('SQL', { exact: true }).fill(wide);
        await page.getByRole('button', { name: 'Run' }).click();
        await page.getByText(/^\d+ rows in/).waitFor();
        await page.screenshot({ path: `${pictures}/audit-sql-${theme}-${width}.png`,
            fullPage: true });
        assert.deepEqual(await findBarriers(page), []);
        assert.equal(await sideways(page), 0, `${width} scrolls sideways`);
        assertClean(page);
        await page.context().close();
    }
});

test('nothing broke the policy on the way', () => assertClean(eva));
