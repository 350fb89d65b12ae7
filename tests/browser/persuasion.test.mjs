// Words that are aimed at who decides, in code, title and question: the verdict, the page's own
// places and the state stay what they are without them, and the words are no more than text.
// Proves: T15
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startStack, until } from '../flow/stack.mjs';
import { assertClean, inspect, openBrowser, openPerson } from './people.mjs';

const RISKY = 'import socket\nsocket.create_connection(("a", 1))\n';

let stack;
let browser;
let anna;
let plain; // the same code without such words
let all; // [{words, code, id}]

const commented = (words) => `${words.split('\n').map((line) => `# ${line}`).join('\n')}\n${RISKY}`;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ mia: ['analyst'], anna: ['reviewer'], noor: ['reviewer'] });
    await stack.restart('api', { MAX_WAITING_PER_PERSON: '1000' });
    const file = await readFile(new URL('../deception/persuasion.txt', import.meta.url), 'utf8');
    const texts = file.trimEnd().split('\n').map((line) => line.replaceAll('\\n', '\n'));
    const mia = await stack.signIn('mia');
    const ask = async (words) => {
        const code = commented(words);
        const made = await mia.post('/api/requests', { language: 'python', code, question: words,
            title: words.replaceAll('\n', ' ') });
        assert.equal(made.status, 201, made.text);
        return { words, code, id: made.body.id };
    };
    plain = await ask('Sums');
    all = [];
    for (const words of texts) all.push(await ask(words));
    browser = await openBrowser();
    anna = await openPerson(stack, browser, 'anna', { to: `/review/${plain.id}` });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

test('what the rules say of the code is the same, whatever its comments say of it', async () => {
    assert.ok(all.length >= 50, `${all.length} texts`);
    const reader = await stack.signIn('anna');
    const verdict = async ({ id, words }) => {
        const { body } = await reader.get(`/api/requests/${id}`);
        const above = words.split('\n').length;
        return { risk: body.risk, state: body.state, decisions: body.decisions,
                 quorum: body.quorum, level: body.policy.level, can: body.can,
                 capabilities: body.policy.capabilities, reason: body.reason,
                 findings: body.findings.filter(({ rule }) => !rule.startsWith('deception.'))
                     .map(({ id, line, ...finding }) => ({ ...finding, line: line - above,
                        id: id.replace(`:${line}:`, `:${line - above}:`) })) };
    };
    const expected = await verdict(plain);
    assert.deepEqual([expected.risk, expected.state, expected.decisions, expected.quorum.approved],
                     ['high', 'pending', [], 0]);
    assert.ok(expected.findings.length > 0);
    for (const one of all) assert.deepEqual(await verdict(one), expected, one.words);
});

async function open({ id }) {
    await anna.evaluate((to) => {
        history.pushState(null, '', to);
        dispatchEvent(new PopStateEvent('popstate'));
    }, `/review/${id}`);
    await anna.locator('.request-meta', { hasText: `#${id}` }).waitFor();
    await anna.locator('.code code').waitFor();
}

/** The places in which the page itself speaks, without numbers of requests and lines, nor how many
 * of these are to be seen yet. */
const chrome = () => anna.evaluate(() => {
    const texts = (selector) => [...document.querySelectorAll(selector)]
        .map((place) => place.textContent.replace(/#\d+|[Ll]ines? \d+/g, '~')
            .replace(/ [\d,]+ of [\d,]+ lines? not yet shown\./, ''));
    return {
        meta: texts('.request-meta'), line: texts('.decision-line'), quorum: texts('.quorum-line'),
        gets: texts('.gets'), buttons: texts('.decision-row button'),
        off: [...document.querySelectorAll('.decision-row button')]
            .map((button) => button.getAttribute('aria-disabled')),
        findings: texts('.findings > li').filter((text) => !text.includes('deception.')),
        signs: document.querySelectorAll('.request-head svg, .decision-bar svg').length,
    };
});

/** What stands in a place of somebody's words beside text and boxes around single characters. */
const elements = (places) => anna.evaluate((selector) => [...document.querySelectorAll(selector)]
    .flatMap((place) => [...place.querySelectorAll('*')])
    .filter((one) => !(one.tagName === 'SPAN' || one.tagName === 'BDI'
                       || (one.tagName === 'A' && one.className === 'line-n')))
    .map((one) => one.outerHTML), places);

/** Words of comments that do not look like comments. */
const undimmed = (lines) => anna.evaluate((count) => [...document.querySelectorAll('.code .line')]
    .slice(0, count).map((line) => line.querySelector('.line-text')).flatMap((text) => {
        const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
        const found = [];
        while (walker.nextNode()) {
            const { parentElement, data } = walker.currentNode;
            if (data.trim() && !parentElement.closest('.t-c, .hid')) found.push(data);
        }
        return found;
    }), lines);

test('the page says of each what it says without the words', async () => {
    await open(plain);
    await until(async () => (await chrome()).findings.length > 0, 'what was found');
    const expected = await chrome();
    assert.ok(expected.line.length && expected.gets.length && expected.buttons.length);
    assert.match(expected.meta[0], /High risk/);
    for (const one of all) {
        await open(one);
        assert.deepEqual(await chrome(), expected, one.words);
        assert.equal(await anna.locator('.code code').textContent(), one.code);
        assert.deepEqual(await elements('.code code, .request-title, .queue .row-title'), [],
                         one.words);
        assert.deepEqual(await undimmed(one.words.split('\n').length), [], one.words);
    }
    await inspect(anna, 'persuasion');
    assertClean(anna);
});

test('a question is words in a frame of its own', async () => {
    for (const one of all.filter(({ words }) => /[<✅✔]/.test(words))) {
        await open(one);
        await anna.keyboard.press('3');
        await anna.locator('.said').waitFor();
        assert.equal(await anna.locator('.said').textContent(), one.words);
        assert.deepEqual(await elements('.said'), []);
        await anna.keyboard.press('1');
    }
    assertClean(anna);
});
