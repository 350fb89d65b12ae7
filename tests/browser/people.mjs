// People in front of the page: a Chromium for one test file, a window of their own for each.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { root } from '../flow/stack.mjs';

const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];
const noHtml = "require-trusted-types-for 'script'; trusted-types 'none'";
export const pictures = path.join(root, 'build/screenshots');

export async function openBrowser() {
    await mkdir(pictures, { recursive: true });
    return chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
}

// Every violation of the page's policy, of Trusted Types as well, is kept to be counted.
async function watchPolicy(page) {
    page.violations = [];
    page.failures = [];
    await page.exposeBinding('countersignViolation', (_, text) => page.violations.push(text));
    await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
            const what = `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`;
            globalThis.countersignViolation(`${what}:${event.lineNumber} ${event.sample}`);
        });
    });
    page.on('pageerror', (error) => page.failures.push(String(error.stack ?? error)));
    page.on('console', (message) => {
        if (/Content Security Policy|TrustedHTML/.test(message.text()))
            page.violations.push(message.text());
    });
    // The page must keep to more than it is told: no string may become HTML anywhere.
    await page.route('**/*', async (route) => {
        if (route.request().resourceType() !== 'document') return route.fallback();
        const response = await route.fetch();
        const policy = response.headers()['content-security-policy'] ?? '';
        return route.fulfill({
            response,
            headers: {
                ...response.headers(),
                'content-security-policy': `${policy}; ${noHtml}`,
            },
        });
    });
}

/** A window. Options: width, height, theme, touch. */
export async function openWindow(browser, { width = 1440, height, theme = 'light' } = {}) {
    const heights = { 390: 844, 1024: 768, 1440: 900 };
    const context = await browser.newContext({
        viewport: { width, height: height ?? heights[width] ?? 900 },
        colorScheme: theme,
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'Europe/Berlin',
        hasTouch: width < 500,
        acceptDownloads: true,
    });
    context.setDefaultTimeout(20000);
    const page = await context.newPage();
    await watchPolicy(page);
    return page;
}

/** Signs in by a one-time link, as the person would; ends on `to`. */
export async function signIn(stack, page, login, to = '/') {
    const link = await stack.operator('link', login);
    await page.goto(link);
    await page.getByRole('button', { name: 'Later' }).click();
    await page.waitForURL((url) => url.pathname !== '/account');
    await page.goto(stack.url + to);
    return page;
}

/** A signed-in person's window. */
export async function openPerson(stack, browser, login, { to = '/', ...options } = {}) {
    return signIn(stack, await openWindow(browser, options), login, to);
}

/** Nothing that the page was not allowed to do, and no error of its own. */
export function assertClean(...pages) {
    for (const page of pages) {
        assert.deepEqual(page.violations, []);
        assert.deepEqual(page.failures, []);
    }
}

let axe;

/** What axe-core finds, as readable lines; run by the debugger, past the page's policy. */
export async function findBarriers(page) {
    axe ??= await readFile(path.join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');
    const session = await page.context().newCDPSession(page);
    const run = async (expression) => {
        const answer = await session.send('Runtime.evaluate', {
            expression,
            awaitPromise: true,
            returnByValue: true,
        });
        if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
        return answer.result.value;
    };
    await run(`${axe};0`);
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await run(`axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then((all) =>
        all.violations.flatMap((one) => one.nodes.map((node) =>
            one.id + ': ' + node.target.join(' ') + ': ' + node.failureSummary)))`);
    await session.detach();
    return found;
}

/** What is on the screen: a picture of it, no barrier, nothing that scrolls sideways. */
export async function inspect(page, name) {
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: `${pictures}/${name}.png` });
    assert.deepEqual(await findBarriers(page), [], name);
    assert.equal(await sideways(page), 0, `${name} scrolls sideways`);
}

/** How many pixels the page is wider than its window. */
export function sideways(page) {
    return page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
}

export const ordersCsv = [
    'day,region,product,pieces,price',
    '2026-01-03,North,Lamp,2,40.00',
    '2026-01-09,South,Desk,1,310.50',
    '2026-02-11,North,Chair,4,89.90',
    '2026-02-20,East,Lamp,,40.00',
    '2026-03-02,West,Rug,3,120.00',
    '',
].join('\n');

export const salesCode = [
    'import pandas as pd',
    'import matplotlib.pyplot as plt',
    '',
    '# Value of the orders in each region',
    'orders = pd.read_csv("orders.csv")',
    'orders["value"] = orders["pieces"] * orders["price"]',
    'sales = orders.groupby("region", as_index=False)["value"].sum()',
    'sales.plot.barh(x="region", y="value", title="Sales by region")',
    'plt.tight_layout()',
    'print(len(orders), "rows read")',
    'sales.to_csv("sales.csv", index=False)',
    'sales',
    '',
].join('\n');

/** Submits over HTTP as a person; gives the request's id. */
export async function submit(client, more = {}) {
    const body = { language: 'python', code: '6 * 7\n', title: 'Six times seven', ...more };
    const answer = await client.post('/api/requests', body);
    if (answer.status !== 201) throw new Error(`submit: ${answer.status} ${answer.text}`);
    return answer.body.id;
}

/** Decides over HTTP for the newest version. */
export async function decide(client, id, verdict, note) {
    const { body } = await client.get(`/api/requests/${id}`);
    const answer = await client.post(`/api/requests/${id}/decisions`, {
        verdict,
        revision: body.revision,
        bundle_sha256: body.bundle.sha256,
        acknowledged: body.findings.filter(({ level }) => level !== 'note').map((one) => one.id),
        ...(note && { note }),
    });
    if (answer.status !== 200) throw new Error(`decide: ${answer.status} ${answer.text}`);
    return answer.body;
}
