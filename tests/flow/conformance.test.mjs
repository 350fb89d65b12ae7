// One result shape: the same programs on every backend, with the same expectations. Where a
// service forces a difference, the program says so and docs/sandbox.md has a row of it.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { programs } from '../conformance/programs.mjs';
import { jobOf, runJob } from '../conformance/run_job.mjs';
import { checkShape } from '../conformance/shape.mjs';
import { root } from './stack.mjs';

const AT_ONCE = Math.max(2, os.availableParallelism());
const only = process.env.PROGRAM ?? ''; // part of a name: just these programs

const services = { e2b: ['e2b.mjs', 'startE2b'], daytona: ['daytona.mjs', 'startDaytona'] };
const backends = ['local', ...Object.keys(services)];
const counts = [];

async function serve(backend) {
    if (!services[backend]) return { env: {}, stop() {} };
    const [file, start] = services[backend];
    return (await import(`../fake/${file}`))[start]();
}

/** Ids of sandboxes that nobody removed. */
const leftAt = (service) =>
    service.left?.().map((one) => one.id) ?? [...service.sandboxes.keys()];

function runs(program, backend) {
    return program.name.includes(only) && (!program.only || program.only.includes(backend));
}

for (const backend of backends) {
    const mine = programs.filter((program) => runs(program, backend));
    describe(backend, () => {
        let service;
        before(async () => (service = await serve(backend)));
        after(() => service?.stop());
        describe('gives', { concurrency: AT_ONCE }, () => {
            for (const program of mine) {
                test(program.name, async () => {
                    const got = await runJob(backend, jobOf(program), service.env);
                    checkShape(got, { ...program, ...program.differs?.[backend] });
                });
            }
        });
        if (services[backend])
            test('nothing is left at the service', () => assert.deepEqual(leftAt(service), []));
    });
    counts.push(`${backend} ${mine.length}`);
}

test('every name stands for one program', () => {
    const names = programs.map((program) => program.name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length >= 40);
});

/** [rule, backend] pairs, sorted. */
const sorted = (pairs) => [...new Set(pairs.map((pair) => pair.join(' at ')))].sort();

test('docs/sandbox.md lists exactly the differences that are allowed', () => {
    const used = programs.flatMap(({ differs = {}, only, rule }) => [
        ...Object.entries(differs).map(([backend, { rule: name }]) => [name, backend]),
        ...backends.filter((backend) => only && !only.includes(backend))
            .map((backend) => [rule, backend])]);
    const text = readFileSync(path.join(root, 'docs/sandbox.md'), 'utf8')
        .split('## One result from all three')[1];
    const told = [...text.matchAll(/^\| `(\w+)` \| ([\w, ]+) \|/gm)].flatMap(([, rule, where]) =>
        where.split(', ').map((backend) => [rule, backend]));
    assert.deepEqual(sorted(told), sorted(used));
});

after(() => process.stdout.write(`# programs x backends: ${programs.length} programs: ` +
    `${counts.join(', ')}\n`));
