// What a run prints at a service is seen while it runs there, too.
import test from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';
import { makeGate } from './sandboxes.mjs';
import { startE2b } from '../fake/e2b.mjs';
import { startDaytona } from '../fake/daytona.mjs';

for (const [name, start] of [['e2b', startE2b], ['daytona', startDaytona]])
    test(`${name}: what is printed arrives before the end`, async () => {
        const service = await start();
        const stack = await startStack({
            env: { ...service.env, SANDBOX: name, LOCAL_OFF: '1', SANDBOX_TIMEOUT_MS: '300000' } });
        try {
            await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
            const [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
            const [gate, last] = [makeGate(), makeGate()];
            const code = `print('one', flush=True)\n${gate.wait}\n`
                + `print('two', flush=True)\n${last.wait}\n`;
            const sent = (await ana.post('/api/requests', { language: 'python', code })).body;
            await rob.post(`/api/requests/${sent.id}/decisions`, {
                verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256 });
            const stream = await ana.events(`/api/requests/${sent.id}/output`);
            const output = () => stream.until((one) => one.event === 'output');
            assert.equal((await output()).data.text, 'one\n');
            await gate.open();
            assert.equal((await output()).data.text, 'two\n');
            await last.open();
            const end = await stream.until((one) => one.event === 'end');
            assert.deepEqual(end.data, { state: 'succeeded' });
        } finally {
            await stack.stop();
            await service.stop();
        }
    });

test('a run that another worker has taken up is watched from its beginning on', async () => {
    const service = await startDaytona();
    const stack = await startStack({ env: { ...service.env, SANDBOX: 'daytona', LOCAL_OFF: '1',
        SANDBOX_TIMEOUT_MS: '300000', HEARTBEAT_MS: '500', LEASE_MS: '3000', SWEEP_MS: '200' } });
    try {
        await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
        const [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
        const gate = makeGate();
        const code = `print('one', flush=True)\n${gate.wait}\nprint('two', flush=True)\n`;
        const sent = (await ana.post('/api/requests', { language: 'python', code })).body;
        await rob.post(`/api/requests/${sent.id}/decisions`, {
            verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256 });
        const watch = () => ana.events(`/api/requests/${sent.id}/output`);
        const isOutput = ({ event }) => event === 'output';
        const output = async (stream) => (await stream.until(isOutput)).data;
        const first = await watch();
        assert.equal((await output(first)).text, 'one\n');
        const events = await ana.events(`/api/requests/${sent.id}/events`);
        await stack.kill('worker');
        await stack.start('worker');
        const end = await first.until(({ event }) => event === 'end');
        assert.deepEqual(end.data, { state: 'outcome_unknown' });
        await events.until(({ data }) => data.what === 'attempt.adopt');
        const { attempts: [attempt], waiting } = (await ana.get(`/api/requests/${sent.id}`)).body;
        assert.deepEqual([attempt.held, waiting.reason, waiting.held], [true, 'reattaching', true]);
        const second = await watch();
        assert.equal((await output(second)).text, 'one\n');
        await gate.open();
        assert.equal((await output(second)).text, 'two\n');
        const last = await second.until(({ event }) => event === 'end');
        assert.deepEqual(last.data, { state: 'succeeded' });
    } finally {
        await stack.stop();
        await service.stop();
    }
});
