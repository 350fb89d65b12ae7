// The files of tests/deception on the page: the text is the code, also when it is copied; what can
// not be seen is boxed and has a name; what was found is told.
// Proves: T10
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { bodyOf, chunks, corpus } from '../deception/corpus.mjs';
import { assertClean, inspect, openBrowser, openPerson, sideways, submit } from './people.mjs';

const said = 'p\u0430ypal \u200binvoice \uff4f\uff53';
const files = corpus().filter(({ expected }) => !expected[0].startsWith('refused'));

let stack;
let browser;
let mia;
let anna;
const kept = new Map();

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ mia: ['analyst'], anna: ['reviewer'] });
    await stack.restart('api', { MAX_WAITING_PER_PERSON: '1000' });
    mia = await stack.signIn('mia');
    // The first, so that it stands in the queue.
    // Of high risk, which the queue has on its first page.
    const code = 'import socket\n';
    kept.set('said', await submit(mia, { title: said, question: said, code }));
    for (const some of chunks(files, 25)) {
        const { body } = await mia.post('/api/requests:batch', { requests: some.map(bodyOf) });
        for (const [n, { body: made }] of body.results.entries()) kept.set(some[n].path, made.id);
    }
    browser = await openBrowser();
    anna = await openPerson(stack, browser, 'anna', { to: '/review' });
    await anna.context().grantPermissions(['clipboard-read', 'clipboard-write']);
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

// Within the page, as a reviewer would go on; a page load for each file takes minutes.
async function openFile(page, path) {
    const id = kept.get(path);
    await page.evaluate((to) => {
        history.pushState(null, '', to);
        dispatchEvent(new PopStateEvent('popstate'));
    }, `/review/${id}`);
    await page.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await page.locator('.code code').waitFor();
}

const shown = (page) => page.locator('.code code').textContent();

for (const width of [1440, 390])
    test(`every accepted file stands there byte by byte, ${width} wide`, async () => {
        assert.ok(files.length >= 200, `${files.length} files`);
        const page = await openPerson(stack, browser, 'anna', { to: '/review', width });
        for (const { path, bytes, expected } of files) {
            await openFile(page, path);
            assert.deepEqual(Buffer.from(await shown(page)), bytes, path);
            assert.equal(await sideways(page), 0, path);
            const told = expected[0] === 'clean' ? 0 : expected.length;
            const found = page.locator('.code-panel .finding', { hasText: 'deception.' });
            assert.equal(await found.count(), told, path);
        }
        assertClean(page);
        await page.context().close();
    });

const told = [
    'look_alikes/user_in_string.py',
    'look_alikes/two_words.py',
    'forms/bold_in_a_string.py',
    'spaces/u2009_in_string.py',
    'space_runs/300_before_a_statement.py',
    'long_lines/4000.py',
    'harmless/family.py',
    'right_to_left/order.py',
    'stacked_marks/40.py',
];

test('what is copied with the keyboard are the bytes', async () => {
    for (const path of told) {
        await openFile(anna, path);
        await anna.locator('.code').focus();
        await anna.keyboard.press('Control+a');
        await anna.keyboard.press('Control+c');
        const copied = await anna.evaluate(() => navigator.clipboard.readText());
        const { bytes } = files.find((file) => file.path === path);
        // The code alone, with no number, box or mark of ours.
        assert.deepEqual(Buffer.from(copied), bytes, path);
    }
});

test('a part of a line is copied as it is', async () => {
    await openFile(anna, 'look_alikes/user_in_string.py');
    await anna.evaluate(() => {
        const line = document.querySelector('.code .line-text');
        const range = document.createRange();
        range.setStart(line.querySelector('.hid').firstChild, 0);
        range.setEndAfter(line.lastChild);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
    });
    await anna.keyboard.press('Control+c');
    const copied = await anna.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, '\u0435r"\n');
});

// Proves: T15
test('a box has a name, a finding its place, the line its colour', async () => {
    await openFile(anna, 'look_alikes/user_in_string.py');
    const box = anna.getByRole('img', { name: 'Hidden or look-alike character U+0435' });
    assert.equal(await box.count(), 1);
    await anna.locator('.code-warning', { hasText: '1 hidden or look-alike character' }).waitFor();
    const finding = anna.locator('.finding-high');
    await finding.getByText('U+0435 looks like "e" in this word').waitFor();
    await finding.getByRole('link', { name: 'line 1, column 6' }).click();
    await anna.locator('#L1.linked.found-high').waitFor();
    await openFile(anna, 'signs/division_in_string.py');
    assert.deepEqual(await anna.locator('.code .hid').allTextContents(), ['\u2215']);
    await openFile(anna, 'harmless/french.py');
    assert.equal(await anna.locator('.finding-medium, .finding-high').count(), 0);
    await anna.getByText('4 notes about the code').click();
    await anna.getByText('U+202F stands for a space').first().waitFor();
});

test('spaces at the end, the ruler and wrapped rows can be seen', async () => {
    const code = `x = 1   \ny = "${'word '.repeat(60)}"\n\t\n`;
    const id = await submit(mia, { title: 'Ends', code });
    kept.set('ends', id);
    await openFile(anna, 'ends');
    assert.deepEqual(await anna.locator('.code .trail').allTextContents(), ['   ', '\t']);
    const looks = await anna.locator('.code .line-text').evaluateAll((lines) =>
        lines.map((line) => ({
            rows: Math.round(line.getBoundingClientRect().height / 21),
            hook: Number.parseFloat(getComputedStyle(line, '::before').height) / 21,
            ruler: getComputedStyle(line).backgroundPosition !== '0% 0%',
        })),
    );
    assert.ok(looks[1].rows > 2);
    for (const { rows, hook, ruler } of looks) assert.deepEqual([hook, ruler], [rows - 1, true]);
    assert.equal(await shown(anna), code);
});

test('titles, questions and notes show the same characters boxed', async () => {
    await openFile(anna, 'said');
    const boxes = (place) => anna.locator(place).evaluateAll((all) =>
        all.map((node) => node.dataset.u));
    const expected = ['U+0430', 'U+200B', 'U+FF4F', 'U+FF53'];
    assert.deepEqual(await boxes('.request-title .hid'), expected);
    assert.deepEqual(await boxes('.queue .row[aria-current] .hid'), expected);
    assert.equal(await anna.locator('.request-title').textContent(), said);
    await anna.getByRole('tab', { name: 'Question' }).click();
    assert.deepEqual(await boxes('.said .hid'), expected);
});

test('it looks right', async () => {
    const code = [
        '"""Pays the invoice \u2013 see https://ex\u0430mple.com\u2215pay (caf\u00e9)."""',
        'user = "us\u0435r"  # the \u0430dmin\u00a0here',
        `total = 1;${' '.repeat(120)}send(user)`,
        `names = "${'Z\u00fcrich, \u6771\u4eac, \u05e9\u05dc\u05d5\u05dd '.repeat(12)}"`,
        'x = "\u{1d41e}\u{1d42f}\u{1d41a}\u{1d425} \u2764\ufe0f"   ',
        'print(total)',
        '',
    ].join('\n');
    kept.set('looks', await submit(mia, { title: 'What is in this code', code }));
    for (const [width, theme] of [[1440, 'light'], [1440, 'dark'], [390, 'light'], [390, 'dark']]) {
        const page = await openPerson(stack, browser, 'anna', { to: '/review', width, theme });
        await openFile(page, 'looks');
        assert.equal(await shown(page), code);
        await page.locator('.code-panel').scrollIntoViewIfNeeded();
        await inspect(page, `deception-${width}-${theme}`);
        await page.locator('.code-panel').screenshot({
            path: `build/screenshots/deception-code-${width}-${theme}.png`,
        });
        assertClean(page);
        await page.context().close();
    }
    assertClean(anna);
});
