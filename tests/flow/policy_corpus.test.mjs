// The policy engine on the corpora of tests/policy: what it finds, and what it leaves alone.
// CORPUS=folder measures another folder of the same shape.
// Proves: T16
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, Judge, measure } from '../policy/corpus.mjs';
import { build, startStack } from './stack.mjs';

const least = { python: { dangerous: 200, harmless: 300 }, sql: { dangerous: 150, harmless: 300 } };
let stack;
let judge;
let rules;

before(async () => {
    stack = await startStack({ api: false, workers: 0 });
    judge = new Judge();
    [{ rules }] = await stack.psql('api', 'select cs.policy_rules() as rules');
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

test('a person reads a verdict on a terminal, as in a file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'countersign-check-'));
    const device = openSync('/dev/null', 'w');
    const checked = (code, output) => {
        writeFileSync(path.join(folder, 'job.py'), code);
        writeFileSync(path.join(folder, 'rules.json'), JSON.stringify(rules));
        return spawnSync(path.join(build, 'countersign-policy'),
            ['--rules', path.join(folder, 'rules.json'), '--check', path.join(folder, 'job.py')],
            { stdio: ['ignore', output, 'inherit'] });
    };
    try {
        assert.equal(checked('print(1)\n', device).status, 0, 'a device, as a terminal is one');
        const { status, stdout } = checked('eval("1")\n', 'pipe');
        assert.equal(status, 1);
        assert.equal(JSON.parse(stdout).level, 'block');
    } finally {
        closeSync(device);
        rmSync(folder, { recursive: true });
    }
});
