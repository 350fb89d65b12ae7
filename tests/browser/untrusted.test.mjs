// What others wrote is only ever text: in titles, questions, code, notes, names and output.
// Proves: T10 T14
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, decide, openBrowser, openPerson, sideways, submit } from './people.mjs';

let stack;
let browser;
let mia;
let noor;
let anna;
let author;

const attacks = [
    '<script>countersignAttack()</script>',
    '"><img src=x onerror=countersignAttack()>',
    "'-countersignAttack()-'",
    '<svg onload=countersignAttack()>',
    '</textarea></title><iframe srcdoc="<script>parent.countersignAttack()</script>">',
    'javascript:countersignAttack()',
    '{{constructor.constructor("countersignAttack()")()}}',
    '<style>*{display:none}</style>',
    '<a href="javascript:countersignAttack()">ok</a>',
    '&lt;img src=x onerror=countersignAttack()&gt;',
];
const all = attacks.join(' ');

async function watchAttacks(page) {
    page.attacks = 0;
    await page.exposeBinding('countersignAttack', () => {
        page.attacks += 1;
    });
    page.on('dialog', (dialog) => {
        page.attacks += 1;
        return dialog.dismiss();
    });
    await page.reload();
}

before(async () => {
    stack = await startStack();
    await stack.people({ mia: ['analyst'], anna: ['reviewer'], noor: ['reviewer'] });
    mia = await stack.signIn('mia');
    noor = await stack.signIn('noor');
    browser = await openBrowser();
    anna = await openPerson(stack, browser, 'anna', { to: '/review' });
    author = await openPerson(stack, browser, 'mia', { to: '/requests' });
    await watchAttacks(anna);
    await watchAttacks(author);
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function openRequest(page, id) {
    await page.goto(`${stack.url}/review/${id}`);
    await page.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await page.locator('.code code').waitFor();
}

test('title, question, code, file name and note are shown as they are', async () => {
    const code = `${attacks.map((text) => `# ${text}`).join('\n')}\n1\n`;
    const file = await mia.upload('<img src=x onerror=countersignAttack()>.csv', 'a,b\n1,2\n');
    const files = file.status === 201 ? [{ id: file.body.id }] : [];
    const title = all.slice(0, 120);
    const id = await submit(mia, { title, question: all, code, files });
    await openRequest(anna, id);
    assert.equal(await anna.locator('.request-title').textContent(), title);
    assert.equal(await anna.locator('.queue .row-title bdi').first().textContent(), title);
    assert.equal(await anna.locator('.code code').textContent(), code);
    if (files.length)
        await anna.locator('.facts-column .file-name', { hasText: '<img src=x' }).waitFor();
    await anna.keyboard.press('3');
    assert.equal(await anna.locator('.said').textContent(), all);
    await decide(noor, id, 'reject', all);
    await author.goto(`${stack.url}/requests/${id}`);
    assert.equal(await author.locator('blockquote').textContent(), all);
    await author.getByRole('tab', { name: /Activity/ }).click();
    await author.locator('.activity q', { hasText: '<script>' }).waitFor();
    assert.equal(await author.locator('main iframe, main script, main svg[onload]').count(), 0);
});

test('output, error, table cells and file names of a run are shown as they are', async () => {
    const cells = JSON.stringify(attacks);
    const code = [
        'import sys, json, pandas as pd',
        `attacks = json.loads(${JSON.stringify(cells)})`,
        'print("\\n".join(attacks))',
        'print("\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07")',
        'print("\\n".join(attacks), file=sys.stderr)',
        'open("<b>bold<b>.txt", "w").write("x")',
        'pd.DataFrame({"<i>what</i>": attacks, "n": range(len(attacks))})',
    ].join('\n');
    const id = await submit(mia, { title: 'Hostile output', code });
    await decide(noor, id, 'approve');
    await author.goto(`${stack.url}/requests/${id}`);
    await author.locator('.result-card .state', { hasText: 'Done' }).waitFor();
    const table = author.locator('.table-place table');
    await table.waitFor();
    assert.deepEqual(await table.locator('tbody td:first-child').allTextContents(), attacks);
    assert.equal(await table.locator('thead th bdi').first().textContent(), '<i>what</i>');
    const printed = author.locator('.output pre').first();
    assert.ok((await printed.textContent()).startsWith(attacks.join('\n')));
    // Terminal codes are marked, not obeyed.
    assert.equal(await printed.locator('.hid').count(), 3);
    await author.getByText('Warnings and errors').click();
    await until(async () => (await author.locator('.output pre').count()) === 2, 'stderr');
    await author.locator('.result-files', { hasText: '<b>bold<b>.txt' }).waitFor();

    const failing = await submit(mia, {
        title: 'Hostile error',
        code: `raise ValueError(${JSON.stringify(all)})`,
    });
    await decide(noor, failing, 'approve');
    await author.goto(`${stack.url}/requests/${failing}`);
    await author.locator('.error-line', { hasText: '<script>countersignAttack()' }).waitFor();
    await author.locator('.output', { hasText: 'Traceback' }).waitFor();
});

// Characters that the api takes in code, and such as it refuses: the page marks all of them, so
// the answer is changed on its way here.
const hidden = [
    ['bidi override', 'a = "x\u202e"; b = "y\u202c"\n', 2],
    ['bidi isolate', 'if x == "user\u2066": # \u2069 ok\n', 2],
    ['zero width', 'na\u200bme = 1\n', 1],
    ['zero width joiner', 'x = "a\u200db"\n', 1],
    ['no-break space', 'x\u00a0= 1\n', 1],
    ['soft hyphen', 'pass\u00adword = 1\n', 1],
    ['tag characters', '# ok\u{e0041}\u{e0042}\n', 2],
    ['variation selector', 'x = "a\ufe0f"\n', 1],
    ['byte order mark inside', 'x = \ufeff1\n', 1],
    ['line separator', 'x = 1 # a\u2028import os\n', 1],
    ['next line', 'x = 1 # a\u0085import os\n', 1],
    ['form feed and vertical tab', 'x = 1\f\u000by = 2\n', 2],
    ['Cyrillic letter in a word', 'x = "t\u0435st"\n', 1],
    ['Greek letter in a name', 'l\u03bfgin = 1\n', 1],
    ['full-width letters', '\uff45\uff56\uff41\uff4c(x)\n', 4],
    ['mathematical letters', '\u{1d41e}\u{1d42f}\u{1d41a}\u{1d425}(x)\n', 4],
    ['Greek question mark', 'x = 1\u037e\n', 1],
    ['Hangul filler', 'x\u3164 = 1\n', 1],
    ['private use', 'x = "\ue000"\n', 1],
    ['stacked marks', 'x = "a\u0300\u0301\u0302\u0303"\n', 1],
    ['plain accents and other scripts', 'x = "Zürich, Łódź, привет, 東京"\n', 0],
    ['right-to-left letters', 'allow = "\u05d0", "\u05d1" # \u05d2 1\n', 0],
    ['emoji without joiners', 'x = "ok 👍"\n', 0],
];

test('hidden and look-alike characters are marked, the text stays exactly the code', async () => {
    const id = await submit(mia, { title: 'Hidden', code: 'x = 1\n' });
    const code = hidden.map(([, text]) => text).join('');
    await anna.route(`**/api/requests/${id}`, async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        return route.fulfill({ response, json: { ...body, code } });
    });
    await openRequest(anna, id);
    assert.equal(await anna.locator('.code code').textContent(), code);
    const lines = anna.locator('.code .line');
    for (const [at, [what, text, marks]] of hidden.entries()) {
        assert.equal(await lines.nth(at).locator('.hid').count(), marks, what);
        assert.equal(await lines.nth(at).locator('.line-text').textContent(), text, what);
    }
    const expected = hidden.reduce((sum, [, , marks]) => sum + marks, 0);
    await anna.locator('.code-warning', { hasText: `${expected} hidden or look-alike` }).waitFor();
    // The label is made by the style sheet, so selecting and copying gives the code alone.
    const label = await anna
        .locator('.hid')
        .first()
        .evaluate((node) => getComputedStyle(node, '::after').content);
    assert.equal(label, '"U+202E"');
    const copied = await anna.evaluate(() => {
        const code = document.querySelector('.code code');
        getSelection().selectAllChildren(code);
        return getSelection().toString();
    });
    assert.equal(copied.includes('U+'), false);
    // No override and no foreign letter turns anything round: the signs stand as the bytes do.
    const lefts = await anna.evaluate(() => {
        const leftsOf = (line) => {
            const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
            const found = [];
            while (walker.nextNode())
                for (let i = 0; i < walker.currentNode.length; i += 1) {
                    const range = document.createRange();
                    range.setStart(walker.currentNode, i);
                    range.setEnd(walker.currentNode, i + 1);
                    const box = range.getBoundingClientRect();
                    if (box.width > 0) found.push(box.left);
                }
            return found;
        };
        return [...document.querySelectorAll('.code .line-text')].map(leftsOf);
    });
    for (const [at, line] of lefts.entries())
        assert.deepEqual(
            line,
            [...line].sort((a, b) => a - b),
            hidden[at][0],
        );
    await anna.unroute(`**/api/requests/${id}`);
});

test('the copy button gives the true bytes', async () => {
    const code = 'x = "caf\u00e9"\nx\n';
    const id = await submit(mia, { title: 'To copy', code });
    await anna.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await openRequest(anna, id);
    await anna.locator('.code-panel').getByRole('button', { name: 'Copy' }).click();
    await anna.locator('.code-panel').getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await anna.evaluate(() => navigator.clipboard.readText()), code);
});

// Proves: T13
test('nothing is out of sight: long lines wrap, long runs of spaces are marked', async () => {
    const code = [
        `x = "${'a'.repeat(4000)}"`,
        `y = 1${' '.repeat(300)}; z = 2`,
        ...Array.from({ length: 1500 }, (_, n) => `v${n} = ${n}`),
        'x[:3]',
    ].join('\n');
    const id = await submit(mia, { title: 'Far to the right', code });
    await openRequest(anna, id);
    assert.equal(await anna.locator('.code code').textContent(), code);
    assert.equal(await anna.locator('.run').getAttribute('data-u'), '300 spaces');
    assert.equal(await anna.locator('.code .line').count(), 1503);
    for (const width of [1440, 1024, 390]) {
        await anna.setViewportSize({ width, height: 800 });
        assert.equal(await sideways(anna), 0);
        await anna.waitForFunction(() => {
            const frame = document.querySelector('.code').getBoundingClientRect();
            return [...document.querySelectorAll('.line-text, .line-text *')].every((node) => {
                const box = node.getBoundingClientRect();
                return box.right <= frame.right + 1 && box.left >= frame.left - 1;
            });
        });
    }
    await anna.setViewportSize({ width: 1440, height: 900 });
    await anna.goto(`${stack.url}/review/${id}#L900`);
    await anna.locator('#L900.linked').waitFor();
    await until(
        () =>
            anna.locator('#L900').evaluate((node) => {
                const box = node.getBoundingClientRect();
                return box.top > 100 && box.bottom < innerHeight - 80;
            }),
        'the linked line',
    );
});

test('no attack ran, and the policy was never broken', () => {
    assert.equal(anna.attacks + author.attacks, 0);
    assertClean(anna, author);
});
