// The private stack itself: what it starts, what it survives, and that nothing is left of it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { build, root, startStack, until } from './stack.mjs';

const plain = promisify(execFile);
const run = (file, words, options = {}) => plain(file, words, { timeout: 60000, ...options });
const command = path.join(build, 'countersign');
const folders = [];
const launches = [];

// A test that failed half way leaves nothing either.
after(async () => {
  for (const { child, gone, end } of launches) {
    if (!gone) child.kill('SIGTERM');
    await end;
  }
  for (const place of folders) await fs.rm(place, { recursive: true, force: true });
});

async function folder(name = 'data') {
  const place = await fs.mkdtemp('/tmp/countersign-flow-');
  await fs.chmod(place, 0o711);
  folders.push(place);
  return path.join(place, name);
}

/** Starts `countersign stack run WORDS`; `up()` resolves with its state, `end` with its end. */
function launch(words, options = {}) {
  const env = { ...process.env, API_PORT: '0', ...options.env };
  const child = spawn(options.command ?? command, ['stack', 'run', ...words],
    { stdio: ['ignore', 'pipe', 'pipe'], ...options, env });
  const launched = { child, out: '', said: '' };
  launches.push(launched);
  child.stdout.on('data', (part) => { launched.out += part; });
  child.stderr.on('data', (part) => { launched.said += part; });
  launched.end = new Promise((done) => child.on('close', (code, signal) => {
    launched.gone = true;
    done({ code, signal });
  }));
  launched.up = (data) => until(async () => {
    if (launched.gone) throw new Error(`it ended: ${launched.said}`);
    const text = await fs.readFile(path.join(data, 'stack.json'), 'utf8').catch(() => '');
    return text ? JSON.parse(text) : null;
  }, 'the stack');
  return launched;
}

async function parents() {
  const found = new Map();
  for (const name of await fs.readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await fs.readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (parent && state !== 'Z')
      found.set(Number(name), { parent: Number(parent), started: rest[17] });
  }
  return found;
}

/** The process and all below it, each with its start time: a number may be given anew. */
async function family(pid) {
  const all = await parents();
  const members = [pid];
  for (let i = 0; i < members.length; i++)
    for (const [child, { parent }] of all) if (parent === members[i]) members.push(child);
  return members.map((member) => ({ pid: member, started: all.get(member)?.started }));
}

async function allGone(members) {
  const all = await parents();
  return members.every(({ pid, started }) => all.get(pid)?.started !== started);
}

/** The local addresses on which these processes listen by TCP, as /proc has them. */
async function listening(members) {
  const table = await Promise.all(['tcp', 'tcp6'].map((kind) =>
    fs.readFile(`/proc/net/${kind}`, 'utf8').catch(() => '')));
  const sockets = new Map(table.join('').split('\n').map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A').map((fields) => [`socket:[${fields[9]}]`, fields[1]]));
  const found = [];
  for (const { pid } of members)
    for (const fd of await fs.readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const link = await fs.readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (sockets.has(link)) found.push(sockets.get(link));
    }
  return found;
}

const waiter = ['--', 'sh', '-c', 'echo here; exec sleep 1000'];

describe('a stack around a command', () => {
  test('gives the command its addresses, and returns its status', async () => {
    const data = await folder();
    const script = 'psql "$COUNTERSIGN_DB_AUDITOR" -Atc "select current_user" &&' +
      ' redis-cli -s "${REDIS_URL#unix://}" ping && exit 7';
    const stack = launch(['--data', data, '--no-api', '--no-worker', '--', 'sh', '-c', script]);
    assert.deepEqual(await stack.end, { code: 7, signal: null });
    assert.equal(stack.out, 'countersign_auditor\nPONG\n');
    assert.equal(stack.said, '');
  });

  test('listens on sockets alone, for its own passwords alone', async () => {
    const data = await folder();
    const stack = launch(['--data', data, '--no-api', '--no-worker', ...waiter]);
    const state = await stack.up(data);
    const members = await family(stack.child.pid);
    assert.deepEqual(await listening(members), []);
    const bare = state.database.api.replace(/passfile=.*/, '');
    await assert.rejects(run('psql', ['-w', `${bare} passfile=/dev/null`, '-c', 'select 1']),
      /no password supplied/);
    for (const name of await fs.readdir(path.join(data, 'secrets')))
      assert.equal((await fs.stat(path.join(data, 'secrets', name))).mode & 0o777, 0o600);
    stack.child.kill('SIGTERM');
    assert.deepEqual(await stack.end, { code: 143, signal: null });
    assert.ok(await allGone(members));
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    test(`${signal} stops everything`, async () => {
      const data = await folder();
      const stack = launch(['--data', data, ...waiter]);
      await until(() => stack.out.includes('here') || stack.gone);
      const members = await family(stack.child.pid);
      assert.ok(members.length > 8, stack.said);
      assert.equal((await listening(members)).length, 1, 'the api alone');
      stack.child.kill(signal);
      const { code } = await stack.end;
      assert.equal(code, { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
      assert.ok(await allGone(members));
      await assert.rejects(fs.stat(path.join(data, 'stack.json')));
    });

  test('SIGKILL of the stack leaves nothing, and its data starts again', async () => {
    const data = await folder();
    const stack = launch(['--data', data, ...waiter]);
    const state = await stack.up(data);
    await until(() => stack.out.includes('here'));
    const members = await family(stack.child.pid);
    assert.ok(members.length > 8);
    stack.child.kill('SIGKILL');
    await stack.end;
    await until(() => allGone(members), 'the end of all children');
    const again = launch(['--data', data, '--no-worker', '--', 'true']);
    assert.deepEqual(await again.end, { code: 0, signal: null }, again.said);
    const sockets = /host=(\S+)/.exec(state.database.api)[1];
    await assert.rejects(fs.stat(sockets), 'the sockets of the one that was killed');
  });

  test('a signal at any moment of the start leaves nothing', async () => {
    for (const moment of ['initdb.log', 'postgres.log', 'redis.log', 'api.log', 'worker-1.log']) {
      const data = await folder();
      const stack = launch(['--data', data, ...waiter]);
      await until(() => stack.gone || fs.stat(path.join(data, 'log', moment)).catch(() => null));
      const members = await family(stack.child.pid);
      stack.child.kill('SIGTERM');
      assert.equal((await stack.end).code, 143, `${moment}: ${stack.said}`);
      assert.ok(await allGone(members), moment);
    }
  });
});

describe('a stack that stays', () => {
  test('starts again what crashes, and says so', async () => {
    const data = await folder();
    const stack = launch(['--data', data]);
    const { children, url } = await stack.up(data);
    for (const name of ['api', 'worker-1', 'redis']) process.kill(children[name], 'SIGKILL');
    await until(() => stack.said.split('again').length > 3, 'three restarts');
    assert.match(stack.said, /worker-1 ended by itself \(signal 9\); its log is .*worker-1\.log/);
    await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200);
    const members = await family(stack.child.pid);
    stack.child.kill('SIGINT');
    assert.equal((await stack.end).code, 0);
    assert.ok(await allGone(members));
  });

  test('goes up and down in the background', async (t) => {
    const data = await folder();
    const env = { ...process.env, API_PORT: '0', DATA_DIR: data };
    const words = (...rest) => run(command, ['stack', ...rest], { env });
    t.after(() => words('down'));
    await assert.rejects(words('status'), { code: 3 });
    await words('up', '--no-worker');
    const members = await family(JSON.parse(
      await fs.readFile(path.join(data, 'stack.json'), 'utf8')).pid);
    assert.match((await words('status')).stdout, /url +http:\/\/127\.0\.0\.1:\d+\n/);
    const added = await run(command, ['team', 'add', 'Data'], { env });
    assert.match(added.stdout, /team Data has id 1/);
    await assert.rejects(words('up'), /did not start/);
    assert.match((await words('down')).stdout, /stopped/);
    assert.ok(await allGone(members));
    assert.match((await words('down')).stdout, /no stack runs/);
  });

  test('two at once have different ports; a third on the same data is refused', async () => {
    const taken = net.createServer();
    await new Promise((done) => taken.listen(0, '127.0.0.1', done));
    const env = { API_PORT: String(taken.address().port) };
    const [one, two] = [await folder(), await folder()];
    const stacks = [one, two].map((data) => launch(['--data', data, '--no-worker'], { env }));
    const urls = [(await stacks[0].up(one)).url, (await stacks[1].up(two)).url];
    taken.close();
    assert.notEqual(urls[0], urls[1]);
    assert.ok(!urls.includes(`http://127.0.0.1:${env.API_PORT}`));
    const third = launch(['--data', one, '--no-worker']);
    assert.equal((await third.end).code, 1);
    assert.match(third.said, /a stack runs in .* already/);
    for (const stack of stacks) stack.child.kill('SIGTERM');
    for (const stack of stacks) await stack.end;
  });
});

describe('odd places', () => {
  for (const name of ['with a space', `deep/${'long-name-of-a-folder/'.repeat(8)}data`, "it's"])
    test(`data in "${name.slice(0, 20)}"`, async () => {
      const data = await folder(name);
      const stack = launch(['--data', data, '--', 'psql', '-XAtc', 'select 1']);
      const { code } = await stack.end;
      assert.equal(code, 2, 'psql without an address finds nothing');
      const script = 'psql "$COUNTERSIGN_DB_API" -XAtc "select 1"';
      const again = launch(['--data', data, '--', 'sh', '-c', script]);
      assert.deepEqual(await again.end, { code: 0, signal: null }, again.said);
      assert.equal(again.out, '1\n');
    });

  test('a missing program is named, and nothing is left', async () => {
    const data = await folder();
    const stack = launch(['--data', data, '--bin', '/nonexistent']);
    assert.equal((await stack.end).code, 1);
    assert.match(stack.said, /can not start \/nonexistent\/countersign-api: No such file/);
  });

  test('an api that ends at once says why', async () => {
    const data = await folder();
    const stack = launch(['--data', data], { env: { API_THREADS: '0' } });
    assert.equal((await stack.end).code, 1);
    assert.match(stack.said, /API_THREADS must be a number from 1 to 64/);
    assert.match(stack.said, /api did not start; its log is/);
  });
});

// PostgreSQL refuses root, so a stack of root runs it as somebody else, who must reach the data.
// As a plain user there is but one account, and all other tests have used it.
if (process.getuid() === 0) describe('accounts', () => {
  test('root runs each part as an account of its own', async () => {
    const stack = await startStack();
    const owner = async (name) => (await fs.stat(`/proc/${stack.pid(name)}`)).uid;
    const owners = [await owner('postgres'), await owner('api'), await owner('worker')];
    assert.ok(!owners.includes(0));
    assert.equal(new Set(owners).size, 3);
    await stack.stop();
  });

  test('data that only root reaches has its database elsewhere, and takes it along', async () => {
    const data = await folder('closed/data');
    await fs.mkdir(path.dirname(data), { mode: 0o700 });
    const script = 'psql "$COUNTERSIGN_DB_API" -XAtc "select 1"; readlink "$DATA_DIR/database"';
    const words = ['--data', data, '--temporary', '--no-worker', '--', 'sh', '-c', script];
    const stack = launch(words);
    assert.equal((await stack.end).code, 0, stack.said);
    const [one, elsewhere] = stack.out.split('\n');
    assert.equal(one, '1');
    assert.match(elsewhere, /^\/var\/lib\/countersign\/[0-9a-f]{16}\/database$/);
    await assert.rejects(fs.stat(path.dirname(elsewhere)));
    await assert.rejects(fs.stat(data));
  });

  test('a plain user runs all of it', async () => {
    const data = await folder();
    const { stdout } = await run('id', ['-u', 'nobody']);
    const uid = Number(stdout);
    await fs.chown(path.dirname(data), uid, uid);
    // Nobody can go into a checkout below root's own folder.
    const place = path.dirname(data);
    for (const name of ['countersign', 'countersign-api', 'countersign-worker'])
      await fs.copyFile(path.join(root, 'build', name), path.join(place, name));
    const script = 'id -u; psql "$COUNTERSIGN_DB_API" -XAtc "select 1"';
    const stack = launch(['--data', data, '--', 'sh', '-c', script],
      { uid, gid: uid, cwd: '/', command: path.join(place, 'countersign') });
    assert.deepEqual(await stack.end, { code: 0, signal: null }, stack.said);
    assert.equal(stack.out, `${uid}\n1\n`);
  });
});
