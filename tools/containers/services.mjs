// A PostgreSQL and a Redis of this machine in the place of the two official images: at the
// addresses, with the passwords and with the configuration that docker-compose.yml gives them.
import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync }
    from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const UNPRIVILEGED = 65534; // PostgreSQL refuses to run as root
const asOther = { uid: UNPRIVILEGED, gid: UNPRIVILEGED, stdio: 'ignore' };
const bin = '/usr/lib/postgresql/15/bin';

// Until the child listens at the port; fails when it ends first.
async function listens(child, port) {
    for (;;) {
        if (child.exitCode !== null) throw new Error(`${child.spawnargs[0]} ended at once`);
        const open = await new Promise((done) => {
            const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true); });
            socket.on('error', () => done(false));
        });
        if (open) return;
        await new Promise((done) => setTimeout(done, 50));
    }
}

async function startPostgres(folder, secrets) {
    const data = path.join(folder, 'database');
    const password = path.join(folder, 'password');
    writeFileSync(password, readFileSync(path.join(secrets, 'postgres_password')));
    const who = { uid: UNPRIVILEGED, gid: UNPRIVILEGED, cwd: folder };
    await run(`${bin}/initdb`, ['-D', data, '-U', 'postgres', `--pwfile=${password}`,
        '--data-checksums', '--auth=scram-sha-256', '--locale=C.UTF-8', '-E', 'UTF8'], who);
    const process = spawn(`${bin}/postgres`, ['-D', data, '-k', folder, '-c',
        'listen_addresses=127.0.0.1'], { ...asOther, cwd: folder });
    await listens(process, 5432);
    const env = { PGPASSWORD: readFileSync(password, 'utf8'), PATH: '/usr/bin:/bin' };
    const create = () => run('psql', ['-qh', '127.0.0.1', '-U', 'postgres', '-c',
        'create database countersign'], { env });
    // It listens before it lets people in.
    for (;;) {
        const refused = await create().then(() => null, (error) => error.stderr);
        if (!refused) return process;
        if (!/starting up/.test(refused)) throw new Error(refused);
        await new Promise((done) => setTimeout(done, 50));
    }
}

async function startRedis(folder, secrets) {
    const found = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find(existsSync);
    const conf = path.join(folder, 'redis.conf');
    writeFileSync(conf, readFileSync(path.join(secrets, 'redis_conf')));
    const process = spawn(found, [conf], { ...asOther, cwd: folder, argv0: 'redis-server' });
    await listens(process, 6379);
    return process;
}

/** Starts both; `stop()` ends them and removes their data. */
export async function startServices(secrets) {
    const folder = mkdtempSync(path.join(tmpdir(), 'countersign-image-'));
    chmodSync(folder, 0o700);
    chownSync(folder, UNPRIVILEGED, UNPRIVILEGED);
    const processes = [await startPostgres(folder, secrets), await startRedis(folder, secrets)];
    const stop = async () => {
        for (const child of processes) {
            const ended = new Promise((done) => child.on('exit', done));
            child.kill('SIGINT');
            await ended;
        }
        rmSync(folder, { recursive: true });
    };
    return { stop };
}
