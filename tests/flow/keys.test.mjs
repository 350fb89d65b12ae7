// Keys that sign: made, listed and retired by the operator's command; a stack makes its own.
// Proves: I18
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build, startStack } from './stack.mjs';

const run = promisify(execFile);
let folder;

before(async () => { folder = await fs.mkdtemp(path.join(os.tmpdir(), 'countersign-keys-')); });
after(() => fs.rm(folder, { recursive: true }));

async function countersign(words, env = {}) {
    const settings = { PATH: process.env.PATH, ...env };
    return run(path.join(build, 'countersign'), words, { env: settings, cwd: folder })
        .then(({ stdout }) => ({ code: 0, out: stdout, said: '' }),
              ({ code, stdout, stderr }) => ({ code, out: stdout, said: stderr }));
}

const mode = async (file) => (await fs.stat(file)).mode & 0o777;

test('a key is made once, for its owner alone, and its public half can be read again', async () => {
    const made = await countersign(['key', 'create', 'seal', '--out', 'a.key', '--list', 'list']);
    assert.match(made.out, /^countersign-ed25519-v1 seal [0-9a-f]{16} [\w+/]{43}=\n$/);
    assert.equal(await mode(path.join(folder, 'a.key')), 0o600);
    const secret = await fs.readFile(path.join(folder, 'a.key'), 'utf8');
    const again = await countersign(['key', 'create', 'seal', '--out', 'a.key']);
    assert.equal(again.code, 1);
    assert.match(again.said, /no key is ever overwritten/);
    assert.equal(await fs.readFile(path.join(folder, 'a.key'), 'utf8'), secret);
    assert.equal((await countersign(['key', 'public', 'a.key'])).out, made.out);
    assert.equal(await fs.readFile(path.join(folder, 'list'), 'utf8'), made.out);
});

test('a key that is retired says since when, and is retired only once', async () => {
    const env = { SEAL_KEYS_FILE: 'list' };
    await countersign(['key', 'create', 'seal', '--out', 'b.key', '--list', 'list']);
    const ids = (await fs.readFile(path.join(folder, 'list'), 'utf8')).match(/\b[0-9a-f]{16}\b/g);
    assert.equal(ids.length, 2);
    assert.equal((await countersign(['key', 'retire', ids[0]], env)).code, 0);
    const list = (await countersign(['key', 'list'], env)).out;
    assert.match(list, new RegExp(`^${ids[0]}  seal      retired \\d{4}-.*Z\n` +
        `${ids[1]}  seal      in use\n$`));
    assert.match((await countersign(['key', 'retire', ids[0]], env)).said, /retired already/);
    assert.match((await countersign(['key', 'retire', 'feed'], env)).said, /no public key feed/);
    assert.equal((await countersign(['key', 'list'], env)).out, list);
});

test('words that are none say so and make nothing', async () => {
    for (const words of [['create'], ['create', 'sea', '--out', 'c'], ['create', 'seal'],
                         ['public'], ['retire'], ['list'], ['list', 'x']])
        assert.equal((await countersign(['key', ...words])).code, 64, words.join(' '));
    assert.equal((await countersign(['key', 'public', 'list'])).code, 64);
    assert.deepEqual((await fs.readdir(folder)).sort(), ['a.key', 'b.key', 'list']);
});

test('a stack makes its keys once; the secret halves are the api\'s', async () => {
    const stack = await startStack({ workers: 0, data: path.join(folder, 'data') });
    const { DECISION_KEYS_FILE, SEAL_KEYS_FILE } = stack.state.files;
    const database = await fs.realpath(path.join(folder, 'data/database'));
    const secret = path.join(database, 'api/seal.key');
    const before = await fs.readFile(secret, 'utf8');
    const api = await fs.stat(`/proc/${stack.pid('api')}`);
    assert.deepEqual([(await fs.stat(secret)).uid, await mode(secret)], [api.uid, 0o600]);
    assert.equal(await mode(path.dirname(secret)), 0o700);
    assert.match(await fs.readFile(DECISION_KEYS_FILE, 'utf8'), /^countersign-ed25519-v1 decision/);
    assert.equal(await mode(DECISION_KEYS_FILE), 0o644);
    const listed = await countersign(['key', 'list'], { SEAL_KEYS_FILE });
    assert.ok(listed.out.startsWith(before.split(' ')[2]), listed.out);
    await stack.stop();
    const again = await startStack({ workers: 0, data: path.join(folder, 'data') });
    assert.equal(await fs.readFile(secret, 'utf8'), before);
    await again.stop();
});
