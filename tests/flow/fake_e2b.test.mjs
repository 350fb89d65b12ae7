// E2B's own npm clients work against the played service unchanged: what it answers is the protocol.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startE2b } from '../fake/e2b.mjs';
import { npmClient } from '../fake/npm_client.mjs';

// The client keeps the timer of a refused run going, which would keep the test from ending.
const SHORT = { requestTimeoutMs: 2000 };

let service;
let interpreter;
let plain;
let sandbox;

before(async () => {
    service = await startE2b();
    Object.assign(process.env, service.env);
    interpreter = await npmClient('@e2b/code-interpreter');
    plain = await npmClient('e2b');
    sandbox = await interpreter.Sandbox.create({ timeoutMs: 120000,
        metadata: { job: '42', team: 'a b&c' } });
});

after(async () => {
    await service?.stop();
});

test('code: text, both streams, the callbacks and the count', async () => {
    const seen = [];
    const run = await sandbox.runCode('import sys\nprint("hi")\nprint("e", file=sys.stderr)\n6 * 7',
        { onStdout: (m) => seen.push(['out', m.line]), onStderr: (m) => seen.push(['err', m.line]),
            onResult: (r) => seen.push(['result', r.text]) });
    assert.equal(run.text, '42');
    assert.deepEqual(run.logs, { stdout: ['hi\n'], stderr: ['e\n'] });
    assert.deepEqual(seen, [['out', 'hi\n'], ['err', 'e\n'], ['result', '42']]);
    assert.equal(run.error, undefined);
    assert.equal(run.executionCount, 1);
});

test('an error has name, value and traceback, and the state stays', async () => {
    let told = null;
    const run = await sandbox.runCode('kept = 5\n1 / 0', { onError: (e) => { told = e; } });
    assert.equal(run.error.name, 'ZeroDivisionError');
    assert.equal(run.error.value, 'division by zero');
    assert.match(run.error.traceback, /----> 2 1 \/ 0/);
    assert.equal(told.name, 'ZeroDivisionError');
    assert.equal((await sandbox.runCode('kept')).text, '5');
    assert.equal((await sandbox.runCode('import sys; sys.exit(3)')).error.name, 'SystemExit');
});

test('a chart comes as picture and as data', async () => {
    const run = await sandbox.runCode(['import matplotlib.pyplot as plt',
        'plt.plot([1, 2, 4]); plt.title("Growth"); plt.xlabel("time (s)")', 'plt.show()',
        'plt.bar(["a", "b"], [3, 4])', 'plt.show()'].join('\n'));
    const [line, bar] = run.results;
    assert.equal(run.results.length, 2);
    assert.equal(Buffer.from(line.png, 'base64').subarray(1, 4).toString(), 'PNG');
    assert.equal(line.chart.type, 'line');
    assert.equal(line.chart.title, 'Growth');
    assert.equal(line.chart.x_unit, 's');
    assert.deepEqual(line.chart.elements[0].points, [[0, 1], [1, 2], [2, 4]]);
    assert.equal(bar.chart.type, 'bar');
    assert.deepEqual(bar.chart.elements.map((e) => [e.label, e.value]), [['a', 3], ['b', 4]]);
});

test('a data frame comes as text, HTML and columns', async () => {
    const run = await sandbox.runCode(['import pandas as pd', 'pd.DataFrame({"n": [1.5, None],',
        '    "day": pd.to_datetime(["2024-01-31", "2024-02-01"])})'].join('\n'));
    const [frame] = run.results;
    assert.equal(frame.isMainResult, true);
    assert.match(frame.html, /<table/);
    assert.deepEqual(frame.data, { n: [1.5, 'nan'],
        day: ['2024-01-31T00:00:00', '2024-02-01T00:00:00'] });
});

test('contexts, other languages and variables of one run', async () => {
    const context = await sandbox.createCodeContext({ cwd: '/tmp' });
    const there = await sandbox.runCode('import os; os.getcwd()', { context });
    assert.equal(there.text, '/tmp');
    assert.equal((await sandbox.runCode('kept', { context })).error.name, 'NameError');
    assert.ok((await sandbox.listCodeContexts()).some((one) => one.id === context.id));
    await sandbox.restartCodeContext(context);
    await sandbox.removeCodeContext(context);
    const shell = await sandbox.runCode('echo "$((6 * 7))"', { language: 'bash' });
    assert.deepEqual(shell.logs.stdout, ['42\n']);
    const env = await sandbox.runCode('import os; os.environ["NAME"]', { envs: { NAME: 'v' } });
    assert.equal(env.text, 'v');
    await assert.rejects(sandbox.runCode('1', { language: 'cobol', ...SHORT }));
});

test('files are written, read, listed, moved and removed', async () => {
    await sandbox.files.write('in/a.txt', 'hello');
    await sandbox.files.write([{ path: 'in/b.bin', data: new Uint8Array([0, 255, 10]).buffer },
        { path: '/tmp/c.txt', data: 'c' }]);
    assert.equal(await sandbox.files.read('in/a.txt'), 'hello');
    const bytes = await sandbox.files.read('/home/user/in/b.bin', { format: 'bytes' });
    assert.deepEqual([...bytes], [0, 255, 10]);
    const listed = await sandbox.files.list('in');
    assert.deepEqual(listed.map((e) => [e.name, e.type, e.size]),
        [['a.txt', 'file', 5], ['b.bin', 'file', 3]]);
    assert.equal((await sandbox.runCode('open("in/a.txt").read()')).text, 'hello');
    await sandbox.files.rename('in/a.txt', 'moved.txt');
    assert.equal(await sandbox.files.exists('in/a.txt'), false);
    assert.equal(await sandbox.files.makeDir('deep/er'), true);
    assert.equal((await sandbox.files.getInfo('deep/er')).type, 'dir');
    await sandbox.files.remove('moved.txt');
    await assert.rejects(sandbox.files.read('moved.txt'), { name: 'FileNotFoundError' });
});

test('commands run, fail, stream, take input and are killed', async () => {
    const pieces = [];
    const done = await sandbox.commands.run('echo out; echo err >&2',
        { onStdout: (text) => pieces.push(text) });
    assert.deepEqual([done.exitCode, done.stdout, done.stderr, pieces.join('')],
        [0, 'out\n', 'err\n', 'out\n']);
    await assert.rejects(sandbox.commands.run('exit 3'),
        (error) => error.name === 'CommandExitError' && error.exitCode === 3);
    const sleeper = await sandbox.commands.run('sleep 600', { background: true });
    assert.ok((await sandbox.commands.list()).some((one) => one.pid === sleeper.pid));
    const again = await sandbox.commands.connect(sleeper.pid);
    assert.equal(await sleeper.kill(), true);
    await assert.rejects(again.wait(), /signal: killed/);
    const reader = await sandbox.commands.run('read line; echo "got $line"',
        { background: true, stdin: true });
    await sandbox.commands.sendStdin(reader.pid, 'word\n');
    assert.equal((await reader.wait()).stdout, 'got word\n');
});

test('sandboxes are found by metadata that needs all three layers of encoding', async () => {
    const other = await plain.Sandbox.create('base', { metadata: { job: '43' } });
    const found = plain.Sandbox.list({ query: { metadata: { job: '42', team: 'a b&c' } } });
    assert.deepEqual((await found.nextItems()).map((one) => one.sandboxId), [sandbox.sandboxId]);
    assert.equal(found.hasNext, false);
    const paged = plain.Sandbox.list({ limit: 1 });
    const ids = [];
    while (paged.hasNext) ids.push(...(await paged.nextItems()).map((one) => one.sandboxId));
    assert.deepEqual(ids.sort(), [other.sandboxId, sandbox.sandboxId].sort());
    assert.equal(await other.kill(), true);
    assert.equal(await plain.Sandbox.kill(other.sandboxId), false);
});

test('lifetime, connect, pause, metrics and the end', async () => {
    await sandbox.setTimeout(60000);
    const info = await sandbox.getInfo();
    assert.ok(info.endAt - Date.now() <= 60000);
    assert.deepEqual([info.state, info.cpuCount, info.memoryMB], ['running', 2, 512]);
    assert.equal((await sandbox.getMetrics()).length, 1);
    const again = await interpreter.Sandbox.connect(sandbox.sandboxId);
    assert.equal((await again.runCode('kept')).text, '5');
    await sandbox.pause();
    assert.equal((await interpreter.Sandbox.getInfo(sandbox.sandboxId)).state, 'paused');
    await interpreter.Sandbox.connect(sandbox.sandboxId);
    assert.equal((await sandbox.runCode('kept')).text, '5');
    assert.equal(await sandbox.isRunning(), true);
    assert.equal(await sandbox.kill(), true);
    assert.equal(await sandbox.isRunning(), false);
    await assert.rejects(sandbox.runCode('1', SHORT), { name: 'TimeoutError' });
});

test('a run that takes too long is given up by the client', async () => {
    const box = await interpreter.Sandbox.create();
    await assert.rejects(box.runCode('while True: pass', { timeoutMs: 300 }),
        { name: 'TimeoutError' });
    await box.kill();
});

test('the clients keep the key from the sandboxes, and nothing stays', () => {
    assert.deepEqual(service.violations, []);
    assert.equal(service.sandboxes.size, 0);
    assert.equal(service.created, service.ended.length);
});
