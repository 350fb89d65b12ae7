// The Compose file, its secrets and its checker. The containers themselves are
// tried by `make image`, which needs more than a test may ask for.
// Proves: T23 V13.3.1 V13.3.2
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { composeErrors } from '../../tools/check_compose.mjs';
import { build } from './stack.mjs';

const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const shipped = readFileSync(path.join(top, 'docker-compose.yml'), 'utf8');

function makeSecrets(folder) {
    execFileSync(path.join(top, 'tools/compose-secrets'), [folder]);
    const secrets = path.join(folder, 'secrets');
    return new Map(readdirSync(secrets)
        .map((name) => [name, readFileSync(path.join(secrets, name), 'utf8')]));
}

function inFolder(run) {
    const folder = mkdtempSync(path.join(tmpdir(), 'compose-'));
    try {
        return run(folder);
    } finally {
        rmSync(folder, { recursive: true });
    }
}

test('the shipped file is right', () => {
    assert.deepEqual(composeErrors(shipped), []);
});

// What is wrong, the text that is replaced, by what, and the complaint.
const breaks = [
    ['a key that Compose does not know', 'read_only: true', 'read_onli: true',
        /additional properties/],
    ['a port for the whole network', '127.0.0.1:${COUNTERSIGN_PORT', '${COUNTERSIGN_PORT',
        /127\.0\.0\.1/],
    ['a password in the file', 'WORKER_SLOTS: "2"', 'REDIS_URL: redis://:secret@redis',
        /\/run\/secrets/],
    ['a secret that is not handed in', 'secrets: [api_database_url, ', 'secrets: [',
        /reads the secret api_database_url/],
    ['a secret that nobody makes', 'file: secrets/redis_url', 'file: secrets/redis_uri',
        /does not make/],
    ['a setting that is none', 'DRAIN_SECONDS', 'DRAIN_SECOND', /is no setting/],
    ['a writable container', 'read_only: true', 'read_only: false', /read_only/],
    ['more capabilities', 'cap_drop: [ALL]', 'cap_drop: [MKNOD]', /cap_drop/],
    ['no system call filter', 'seccomp=tools/worker-seccomp.json', 'seccomp=unconfined', /filter/],
    ['a filter that does not exist', 'tools/worker-seccomp.json', 'tools/worker.json',
        /does not exist/],
    ['an image that is not built', 'target: worker', 'target: walker', /no stage/],
    ['no limit of processes', '    pids_limit: 512\n', '', /limit/],
    ['a privileged worker', '    cpu_shares: 512', '    privileged: true', /privileged/],
];

for (const [what, from, to, complaint] of breaks)
    test(`refuses ${what}`, () => {
        assert.ok(shipped.includes(from), `${from} is no longer in the file`);
        assert.match(composeErrors(shipped.replaceAll(from, to)).join('\n'), complaint);
    });

test('secrets are random, kept, and closed to other people', () => inFolder((folder) => {
    const first = makeSecrets(folder);
    const again = makeSecrets(folder);
    assert.deepEqual(again, first);
    assert.equal(statSync(path.join(folder, 'secrets')).mode & 0o777, 0o700);
    const passwords = [...first].filter(([name]) => name.endsWith('_password'));
    assert.equal(passwords.length, 8);
    for (const [name, value] of passwords) assert.match(value, /^[0-9a-f]{64}$/, name);
    assert.equal(new Set(passwords.map(([, value]) => value)).size, passwords.length);
    const other = inFolder(makeSecrets);
    for (const [name, value] of first)
        if (!name.endsWith('_api_key')) assert.notEqual(other.get(name), value, name);
}));

test('addresses carry their roles\' passwords, Redis a digest', () => inFolder((folder) => {
    const made = makeSecrets(folder);
    for (const role of ['api', 'worker', 'operator', 'sealer', 'verifier']) {
        const url = new URL(made.get(`${role}_database_url`));
        assert.equal(url.username, `countersign_${role}`);
        assert.equal(url.password, made.get(`${role}_db_password`));
        assert.equal(url.host, 'postgres');
    }
    assert.equal(new URL(made.get('redis_url')).password, made.get('redis_password'));
    assert.ok(!made.get('redis_conf').includes(made.get('redis_password')));
}));

test('keys that sign are made as the operator makes them, with their public halves', () => {
    inFolder((folder) => {
        const made = makeSecrets(folder);
        for (const purpose of ['decision', 'seal']) {
            const file = path.join(folder, 'secrets', `${purpose}_key`);
            const line = execFileSync(path.join(build, 'countersign'), ['key', 'public', file]);
            assert.equal(`${line}`, made.get(`${purpose}_keys`));
        }
    });
});

test('keys of services have places, empty at first and read as none', () => inFolder((folder) => {
    const made = makeSecrets(folder);
    for (const name of ['e2b_api_key', 'daytona_api_key']) {
        assert.equal(made.get(name), '\n');
        assert.ok(composeErrors(shipped.replace(`${name}, `, '').replace(`, ${name}]`, ']'))
            .some((error) => error.includes(name)), name);
    }
    const env = { LOCAL_OFF: '1', DATABASE_URL: 'x',
                  E2B_API_KEY_FILE: path.join(folder, 'secrets/e2b_api_key') };
    const check = spawnSync(path.join(build, 'countersign-worker'), ['--check'], { env });
    assert.equal(`${check.stdout}`, '{}\n', `${check.stderr}`);
}));

test('Redis lets us send every command that we send, and none that harms', () => {
    const conf = inFolder(makeSecrets).get('redis_conf');
    const io = path.join(top, 'common/io');
    const source = readdirSync(io).filter((name) => /^redis\w*\.c$/.test(name))
        .map((name) => readFileSync(path.join(io, name), 'utf8')).join('');
    // A command is the first of its words: {"XADD", …}, keys_of(redis, "MGET", …), or
    // args[n++] = "BLMPOP" before the others.
    const sent = [...source.matchAll(/\{"([A-Z]{3,})"|= "(B[A-Z]+)"|\(redis, "([A-Z]+)"/g)]
        .map((found) => found[1] ?? found[2] ?? found[3]);
    for (const name of ['BLMPOP', 'XADD', 'MGET', 'SET']) assert.ok(sent.includes(name), name);
    for (const name of sent) assert.match(conf, new RegExp(` \\+${name.toLowerCase()}( |$)`, 'm'));
    assert.match(conf, / -@all /);
    assert.doesNotMatch(conf, /\+@|flush|eval|config|script|keys \*/);
});
