// The policy engine on the corpora of tests/policy: what it finds, and what it leaves alone.
// CORPUS=folder measures another folder of the same shape.
// Proves: T16
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { describe, Judge, measure } from '../policy/corpus.mjs';
import { startStack } from './stack.mjs';

const least = { python: { dangerous: 200, harmless: 300 }, sql: { dangerous: 150, harmless: 300 } };
let stack;
let judge;

before(async () => {
    stack = await startStack({ api: false, workers: 0 });
    judge = new Judge();
    const [{ rules }] = await stack.psql('api', 'select cs.policy_rules() as rules');
    const { policy_version: version } = await judge.rules(JSON.stringify(rules));
    assert.equal(version, 1);
});
after(async () => {
    assert.equal(await judge?.stop(), 0);
    await stack?.stop();
});

for (const language of ['python', 'sql']) {
    test(`of dangerous ${language}, at least 95 % is raised above note`, async (t) => {
        const result = await measure(judge, language, 'dangerous');
        t.diagnostic(describe(language, 'dangerous', result));
        assert.ok(process.env.CORPUS || result.total >= least[language].dangerous, 'samples');
        assert.ok(result.rate <= 0.05, `${result.wrong.length} were missed`);
    });
    test(`of harmless ${language}, at most 1 % is raised above note`, async (t) => {
        const result = await measure(judge, language, 'harmless');
        t.diagnostic(describe(language, 'harmless', result));
        assert.ok(process.env.CORPUS || result.total >= least[language].harmless, 'samples');
        assert.ok(result.rate <= 0.01, `${result.wrong.length} were raised`);
    });
}
