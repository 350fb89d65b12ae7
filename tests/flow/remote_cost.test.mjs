// A sandbox that was made at a service and ran nothing costs money, too: it is in our books with
// the claim that it was made for, beside what ran in the end.
// Proves: I7
import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { services } from '../fake/services.mjs';
import { startStack } from './stack.mjs';
import { openJobs } from './jobs.mjs';

// What fails once its sandbox has been made, before the code is sent.
const AFTER_CREATE = {
    e2b: { match: 'POST /filesystem.Filesystem/ListDir', do: 'status', status: 500 },
    daytona: { match: 'POST */process/session', do: 'status', status: 403 },
};
// What fails when it was ready: the code does not leave.
const BEFORE_CODE = {
    e2b: { match: 'POST /files', skip: 1, do: 'status', status: 500 },
    daytona: { match: '*/files/bulk-upload', skip: 1, do: 'status', status: 403 },
};

for (const service of services) describe(service.name, () => {
    let fake;
    let stack;
    let jobs;

    before(async () => {
        fake = await service.start();
        stack = await startStack({ api: false, env: { ...fake.env, LOCAL_OFF: '1' } });
        jobs = await openJobs(stack);
    });
    after(async () => {
        await stack?.stop();
        await fake?.stop();
    });

    async function costsAfter(rule, code, options = {}) {
        fake.fail({ times: 1, ...rule });
        const { attempt_id: id } = await jobs.run(code,
            { backend: service.name, image: service.image, ...options });
        assert.equal((await jobs.over(id)).state, 'succeeded');
        const spans = await stack.psql('superuser', `select fence, seconds::float, cpu::float,
            memory_mib, nano_usd, estimated from cs.cost_span where attempt_id = ${id}
            order by fence`);
        assert.deepEqual(spans.map((span) => span.fence), [1, 2], JSON.stringify(spans));
        for (const { seconds, cpu, memory_mib: memory, nano_usd: price, estimated } of spans)
            assert.ok(seconds > 0 && cpu > 0 && memory > 0 && price > 0 && !estimated,
                JSON.stringify(spans));
    }

    test('one that could not be made ready is in the books',
        () => costsAfter(AFTER_CREATE[service.name], 'print(1)'));

    test('so is one that waited for code which never left',
        () => costsAfter(BEFORE_CODE[service.name], 'select 1', { language: 'sql' }));
});
