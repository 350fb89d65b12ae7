// The operator's command: migrate, people, teams, links, tokens, help.
// Proves: V6.3.2
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build, root, startStack } from './stack.mjs';

const run = promisify(execFile);
const command = path.join(build, 'countersign');
let stack;

before(async () => { stack = await startStack({ api: false, workers: 0 }); });
after(() => stack?.stop());

const database = (name) => `${stack.database.superuser} dbname=${name}`;

/** Runs the command; resolves with {code, out, said} whatever its end. */
async function countersign(words, env = {}) {
  const plain = { PATH: process.env.PATH, DATA_DIR: '/nonexistent', ...env };
  try {
    const { stdout, stderr } = await run(command, words, { env: plain });
    return { code: 0, out: stdout, said: stderr };
  } catch ({ code, stdout, stderr }) {
    return { code, out: stdout, said: stderr };
  }
}

const operator = (...words) => countersign(words, { DATABASE_URL: stack.database.operator });

async function emptyDatabase(name) {
  await stack.psql('superuser', `create database ${name} template template0`);
  return { DATABASE_URL: database(name) };
}

test('migrate makes an empty database whole, and finds nothing to do again', async () => {
  const env = await emptyDatabase('fresh');
  const files = (await fs.readdir(path.join(root, 'sql/schema'))).sort();
  const first = await countersign(['migrate', '--check'], env);
  assert.equal(first.code, 0, first.said);
  assert.equal(first.out, files.map((file) => `applied sql/schema/${file}\n`).join('') +
    'the database is up to date\n');
  const second = await countersign(['migrate', '--check'], env);
  assert.deepEqual([second.code, second.out], [0, 'the database is up to date\n']);
});

test('migrate brings a database of an earlier version up to date, with what is in it', async () => {
  const env = await emptyDatabase('earlier');
  const load = (...words) => run('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d',
    database('earlier'), ...words], { cwd: root });
  await load('-f', 'sql/roles.sql');
  const files = (await fs.readdir(path.join(root, 'sql/schema'))).sort();
  const earlier = files.filter((file) => file < '0006').map((file) => `sql/schema/${file}`);
  await load('-c', 'set role countersign_owner', ...earlier.flatMap((file) => ['-f', file]));
  await load('-c', `set role countersign_owner;
    insert into cs.team (name) values ('old');
    insert into cs.person (login, name, roles) values ('ann', 'Ann', '{analyst}');
    insert into cs.request (team_id, author_id, state, backend, retry_safe)
      values (1, 1, 'succeeded', 'local', false);
    insert into cs.request_text values (1, 'title', 'question');
    insert into cs.revision select 1, 1, 1, null, null, 'title', 'python', 'print(1)', sha256('a'),
      8, 1, 0, '', 'local', 'system-python3', 'none', 1, 1, 1, 1, 1, 1, false, 0, '', 1,
      sha256('b');
    insert into cs.attempt (request_id, revision, round, state, backend, fence, not_before,
      valid_until) values (1, 1, 1, 'succeeded', 'local', 2, now(), now());
    insert into cs.cost_span (request_id, attempt_id, fence, kind, provider, team_id, person_id,
      nano_usd, started_at, ended_at) values (1, 1, 2, 'sandbox', 'local', 1, 1, 5, now(), now());
    insert into cs.pause (scope) values ('team:1');
    create function cs.sweep(bigint, int) returns jsonb language sql as $$ select '{}'::jsonb $$;
    create function cs.pause_check(bigint) returns void language sql as $$ select $$;`);
  const done = await countersign(['migrate', '--check'], env);
  assert.equal(done.code, 0, done.said);
  assert.equal(done.out.split('\n').filter((line) => line.startsWith('applied')).length,
    files.length - earlier.length);
  const asked = async (sql) => (await load('-c', sql)).stdout.trim();
  assert.equal(await asked(`select r.when_unavailable, a.fence, a.adoptions, a.release_reason,
    c.nano_usd, c.estimated, p.scope from cs.request r join cs.attempt a on a.request_id = r.id
    join cs.cost_span c on c.attempt_id = a.id cross join cs.pause p`), 'wait|2|0||5|f|team:1');
  assert.equal(await asked(`select string_agg(proname, ' ') from (select proname from pg_proc
    where pronamespace = 'cs'::regnamespace group by proname having count(*) > 1) f`), '',
  'no function is left of the earlier version');
  assert.equal(await asked(`select cs.bundle_format(v), num_nulls(v.team_id, v.isolation,
    v.image_digest, v.cpu_ms, v.tmp_bytes, v.max_attempts) from cs.revision v`),
  'countersign-bundle-v1|6', 'what was stored keeps the form that was approved');
});

test('several migrate at once: one does it, the others find it done', async () => {
  const env = await emptyDatabase('crowded');
  const all = await Promise.all([1, 2, 3].map(() => countersign(['migrate'], env)));
  assert.deepEqual(all.map(({ code }) => code), [0, 0, 0], all.map(({ said }) => said).join(''));
  assert.equal(all.filter(({ out }) => out.includes('applied')).length, 1);
});

test('passwords are set, from files too, and never reach the log of the server', async () => {
  const env = await emptyDatabase('secret');
  const file = path.join(stack.data, 'secrets', 'new-worker');
  await fs.writeFile(file, 'worker-secret-1b2c\n');
  await stack.psql('superuser', "alter system set log_statement = 'all'");
  await stack.psql('superuser', 'select pg_reload_conf()');
  const done = await countersign(['migrate'],
    { ...env, API_DB_PASSWORD: "api-secret-'9f8e", WORKER_DB_PASSWORD_FILE: file });
  assert.equal(done.code, 0, done.said);
  const log = await stack.log('postgres');
  assert.match(log, /alter role %I password/, 'the log holds what migrate did');
  assert.doesNotMatch(log, /secret-'?\d/);
  const enter = (role, password) => run('psql',
    ['-XAt', '-d', database('secret').replace(/user=\S+|passfile='[^']*'/g, ''), '-c', 'select 1'],
    { env: { PATH: process.env.PATH, PGUSER: role, PGPASSWORD: password } });
  assert.equal((await enter('countersign_api', "api-secret-'9f8e")).stdout, '1\n');
  assert.equal((await enter('countersign_worker', 'worker-secret-1b2c')).stdout, '1\n');
  await assert.rejects(enter('countersign_api', 'worker-secret-1b2c'), /authentication failed/);
});

test('migrate says what is wrong with its settings', async () => {
  const none = await countersign(['migrate']);
  assert.equal(none.code, 64);
  assert.match(none.said, /DATABASE_URL must name a superuser/);
  const both = await countersign(['migrate'],
    { API_DB_PASSWORD: 'a', API_DB_PASSWORD_FILE: '/dev/null' });
  assert.equal(both.code, 64);
  assert.match(both.said, /API_DB_PASSWORD and API_DB_PASSWORD_FILE are both set/);
  const weak = await countersign(['migrate'], { DATABASE_URL: stack.database.operator });
  assert.equal(weak.code, 1);
  assert.match(weak.said, /permission denied|must be|ERROR/);
  const gone = await countersign(['migrate'], { DATABASE_URL: 'host=/nonexistent' });
  assert.equal(gone.code, 1);
  assert.match(gone.said, /can not be reached/);
});

test('people, teams and roles', async () => {
  assert.match((await operator('team', 'add', 'Data')).out, /^team Data has id 1\n$/);
  const ana = await operator('person', 'add', 'ana', '--name', 'Ana Ünal', '--role',
    'analyst,reviewer', '--team=Data');
  assert.equal(ana.code, 0, ana.said);
  assert.equal((await operator('person', 'add', 'bot', '--agent-of', 'ana')).code, 0);
  const twice = await operator('person', 'add', 'ANA');
  assert.equal(twice.code, 1);
  assert.match(twice.said, /taken/);
  for (const words of [['x', '--role', 'king'], ['x', '--team', 'Nowhere'], ['../x'], ['x y']])
    assert.equal((await operator('person', 'add', ...words)).code, 1, words.join(' '));
  assert.equal((await operator('person', 'role', 'ana', 'admin')).code, 0);
  assert.equal((await operator('person', 'disable', 'bot')).code, 0);
  const list = JSON.parse((await operator('person', 'list', '--json')).out);
  assert.deepEqual(list.map(({ login, name, roles, disabled }) => [login, name, roles, disabled]),
    [['ana', 'Ana Ünal', ['admin'], false], ['bot', 'bot', ['agent'], true]]);
  assert.match((await operator('person', 'list')).out, /ana +Ana Ünal +human +admin +Data +no/);
});

// Proves: T11
test('no name that looks like another, and none that hides', async () => {
  const add = (...words) => operator('person', 'add', ...words);
  const count = async () => JSON.parse((await operator('person', 'list', '--json')).out).length;
  const { out: made } = await operator('team', 'add', 'Data');
  assert.equal((await add('irene', '--name', 'Irene Paul')).code, 0);
  const before = await count();
  for (const name of ['Irene \u0420aul', 'lrene Paul', 'Irene  Paul', 'irenepaul']) {
    const fake = await add('fake', '--name', name);
    assert.equal(fake.code, 1, name);
    assert.match(fake.said, /looks like the name of irene/);
  }
  assert.match((await add('irenepaul')).said, /looks like the name of irene/, 'the login is one');
  assert.match((await add('fake', '--name', 'Ir\u202eene')).said, /name has a text direction/);
  assert.match((await add('fake', '--name', ' ')).said, /nothing that can be seen/);
  assert.match((await add('fake', '--name', 'x'.repeat(101))).said, /at most 100/);
  assert.equal(await count(), before);
  assert.equal((await add('twin', '--name', 'Irene Paul')).code, 0, 'people share names');
  assert.match((await operator('team', 'add', 'D\u0430ta')).said, /looks like the name of Data/);
  assert.equal((await operator('team', 'add', 'Data')).out, made, 'it is there already');
});

test('a link and a token are shown once, and only their digests are kept', async () => {
  await operator('person', 'add', 'lia');
  const link = await countersign(['link', 'lia'],
    { DATABASE_URL: stack.database.operator, PUBLIC_URL: 'https://countersign.example.com' });
  assert.match(link.out, /^https:\/\/countersign\.example\.com\/sign-in#csl_[\w-]{43}\n$/);
  const token = await operator('token', 'create', 'lia', '--name', 'ci', '--days', '3');
  assert.match(token.out, /^cs_[\w-]{43}\n$/);
  assert.match((await operator('token', 'list')).out, /lia +ci +cs_/);
  const dump = (await run('pg_dump', ['-d', stack.database.superuser],
    { maxBuffer: 64 * 1024 * 1024 })).stdout;
  assert.ok(dump.includes('lia'));
  for (const secret of [link.out.split('#')[1].trim(), token.out.trim()])
    assert.ok(!dump.includes(secret.slice(16)), 'a secret is in the database');
  assert.equal((await operator('token', 'revoke', '1')).code, 0);
  assert.equal((await operator('token', 'revoke', '77')).code, 1);
  for (const words of [['link', 'nobody'], ['token', 'create', 'nobody'],
    ['token', 'create', 'lia', '--scope', 'rule']])
    assert.equal((await operator(...words)).code, 1, words.join(' '));
  for (const words of [['link'], ['link', 'lia', '--minutes', '0'], ['token', 'revoke', 'x']])
    assert.equal((await operator(...words)).code, 64, words.join(' '));
});

test('a command whose output can not be written does not say that all is well', async () => {
  const env = { DATABASE_URL: stack.database.operator, PUBLIC_URL: stack.url };
  for (const words of ['link lia', 'token create lia', 'person list', 'settings', '--help']) {
    const full = run('sh', ['-c', `exec ${command} ${words} >/dev/full`], { env });
    await assert.rejects(full, { code: 74, stderr: /could not be written/ });
  }
});

test('what the operator did is in the audit trail', async () => {
  const rows = await stack.psql('superuser',
    "select distinct actor_kind from cs.audit_event where entity in ('person', 'team', 'token')");
  assert.deepEqual(rows, [{ actor_kind: 'operator' }]);
});

test('every command has help, and words that are none say so', async () => {
  const all = await countersign(['--help']);
  const names = [...all.out.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2}/gm)].map((found) => found[1]);
  assert.ok(names.length >= 17, all.out);
  for (const name of names) {
    const help = await countersign([...name.split(' '), '--help']);
    assert.equal(help.code, 0);
    assert.ok(help.out.startsWith(`countersign ${name}`), help.out);
  }
  assert.equal((await countersign(['persn', 'add'])).code, 64);
  assert.equal((await countersign([])).code, 64);
  const nowhere = await countersign(['person', 'list']);
  assert.equal(nowhere.code, 64);
  assert.match(nowhere.said, /DATABASE_URL is not set, and no stack runs in \/nonexistent/);
});

test('rules about how many must approve, and groups of approvers', async () => {
  const lines = ({ out }) => out.trim().split('\n').map((line) => line.trim().split(/\s{2,}/));
  await operator('team', 'add', 'Quorum');
  await operator('person', 'add', 'quentin', '--team', 'Quorum', '--role', 'reviewer');
  assert.deepEqual(lines(await operator('quorum', 'list')),
    [['risk', 'team', 'group', 'needed', 'too_few'],
      ['low', '1', 'Data has 0'], ['medium', '1', 'Data has 0'],
      ['high', '2', 'Data has 0, Quorum has 1']]);
  const group = await operator('group', 'set', 'Finance', '--team', 'Quorum',
    '--people', 'quentin');
  assert.deepEqual(lines(group).at(-1), ['Quorum', 'Finance', 'quentin']);
  const set = await operator('quorum', 'set', '--risk', 'high', '--needed', '1', '--team',
    'Quorum', '--group', 'Finance');
  assert.deepEqual(lines(set).at(-1), ['high', 'Quorum', 'Finance', '1']);
  const away = await operator('quorum', 'set', '--risk', 'high', '--needed', '0', '--team',
    'Quorum', '--group', 'Finance');
  assert.equal(lines(away).length, 4);
  for (const [words, why] of [
    [['quorum', 'set', '--needed', '1'], /risk must be low, medium or high/],
    [['quorum', 'set', '--risk', 'high'], /--needed takes a number/],
    [['quorum', 'set', '--risk', 'high', '--needed', '2x'], /--needed takes a number/],
    [['quorum', 'set', '--risk', 'high', '--needed', '21'], /from 0 to 20/],
    [['quorum', 'set', '--risk', 'high', '--needed', '1', '--team', 'none'], /no team "none"/],
    [['quorum', 'list', 'x'], /options only: x/],
    [['group', 'set'], /needs the name/],
    [['group', 'set', 'Finance', '--people', 'quentin'], /team is required/],
    [['group', 'set', 'Finance', '--team', 'Quorum', '--people', 'nobody'], /login "nobody"/],
  ]) {
    const { code, said } = await operator(...words);
    assert.notEqual(code, 0, words.join(' '));
    assert.match(said, why);
  }
  assert.deepEqual(lines(await operator('group', 'list')).at(-1), ['Quorum', 'Finance', 'quentin']);
});

test('the rules by which code is judged, and a change of one', async () => {
  const lines = ({ out }) => out.trim().split('\n').map((line) => line.trim().split(/\s{2,}/));
  const blocks = lines(await operator('policy', 'rules', '--level', 'block'));
  assert.deepEqual(blocks[0], ['id', 'level', 'title']);
  assert.ok(blocks.some(([id]) => id === 'sql.drop'));
  assert.ok(blocks.slice(1).every(([, level]) => level === 'block'));
  const set = await operator('policy', 'set', 'sql.recursive', '--level', 'high', '--note',
    'they took an hour');
  assert.match(set.out, /sql\.recursive is high now, and was note: version 2/);
  const [, newest] = lines(await operator('policy', 'versions'));
  assert.deepEqual([newest[0], ...newest.slice(2)],
    ['2', 'sql.recursive: note to high', 'they took an hour']);
  for (const [words, why] of [
    [['policy', 'set'], /needs the id of one rule/],
    [['policy', 'set', 'no.rule', '--level', 'high', '--note', 'x'], /no rule "no\.rule"/],
    [['policy', 'set', 'sql.drop', '--level', 'odd', '--note', 'x'], /level must be none/],
    [['policy', 'set', 'sql.drop', '--level', 'block', '--note', 'x'], /is block already/],
    [['policy', 'set', 'sql.drop', '--level', 'high'], /Say why/],
    [['policy', 'rules', 'x'], /options only: x/],
  ]) {
    const { code, said } = await operator(...words);
    assert.notEqual(code, 0, words.join(' '));
    assert.match(said, why);
  }
});
