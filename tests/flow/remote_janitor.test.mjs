// Sandboxes at a service that nobody owns, more than one page of its list holds and among many
// that are needed: one round of the janitor finds each, removes it once and counts it.
import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { services } from '../fake/services.mjs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const NEEDED = 650;
const ORPHANS = [40, 380]; // the oldest, and the newest of all

for (const service of services) describe(service.name, () => {
    let fake;
    let stack;
    let jobs;

    before(async () => {
        fake = await service.start({ instant: true });
        stack = await startStack({ api: false, workers: 2,
            env: { ...fake.env, LOCAL_OFF: '1', JANITOR_SECONDS: '3600', E2B_CALL_MS: '600000',
                   DAYTONA_CALL_MS: '600000' } });
        jobs = await openJobs(stack);
    });
    after(async () => {
        await stack?.stop();
        await fake?.stop();
    });

    async function leave(count, labels) {
        for (let i = 0; i < count; i++) await service.leave(fake, labels);
    }

    test('one round removes hundreds that nobody owns, and no other', async () => {
        // Its sandbox is being made for as long as the test needs a living attempt.
        fake.fail({ match: /^POST .*\/sandbox(es)?$/, do: 'hold' });
        const { attempt_id: id } = await jobs.run('1',
            { backend: service.name, image: service.image });
        const { fence, worker_id: worker } = await jobs.inState(id, 'claimed');
        const [{ name }] = await stack.psql('superuser',
            `select name from cs.worker where id <> ${worker} and stopped_at is null`);
        const [{ countersign }] = await stack.psql('superuser',
            'select id::text as countersign from cs.instance');
        await stack.halt(name);
        await leave(ORPHANS[0], { countersign, attempt: '4000000', fence: '1' });
        await leave(NEEDED, { countersign, attempt: `${id}`, fence: `${fence}` });
        await leave(ORPHANS[1], { countersign, attempt: `${id}`, fence: `${fence + 1}` });
        const orphans = ORPHANS[0] + ORPHANS[1];
        await stack.start(name);
        await until(() => service.left(fake) <= NEEDED, 'the orphans to be gone');
        const counted = () => stack.psql('superuser',
            'select coalesce(sum(deleted), 0)::int as deleted from cs.janitor');
        await until(async () => (await counted())[0].deleted >= orphans, 'the count');
        await stack.halt(name); // the round is over
        assert.equal(service.left(fake), NEEDED);
        assert.equal((await counted())[0].deleted, orphans);
        assert.equal(fake.callsTo('DELETE *').length, orphans);
    });
});
