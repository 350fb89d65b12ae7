// A sandbox of the services that we play: programs run behind bubblewrap, without network, in a
// home folder of their own, and see nothing of this machine but its programs. Closing the box ends
// all of them and removes the files.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

// Parts of /etc that programs need; a missing one is left out.
const SHOWN = ['alternatives', 'ld.so.cache', 'fonts', 'matplotlibrc', 'localtime', 'mime.types',
    'profile', 'bash.bashrc', 'ssl', 'ca-certificates'];
const LIMITS = ['--core=0', `--fsize=${1 << 30}`, `--as=${8 * 2 ** 30}`, '--nofile=1024'];
const MOST_LINKS = 40;
const open = new Set();
let folded = 0; // folders that were removed, for tests

process.on('exit', () => {
    for (const box of open) {
        box.killAll();
        for (const program of box.programs) program.child.kill('SIGKILL');
    }
});

/** A program inside: {child, ended: Promise of {code, signal}}, its streams are the child's. */
class Program {
    constructor(box, child) {
        Object.assign(this, { box, child, inner: 0, signalled: null, doomed: false });
        let status = '';
        child.stdio[3].on('data', (part) => {
            status += part;
            this.inner = Number(/"child-pid":\s*(\d+)/.exec(status)?.[1] ?? this.inner);
            if (this.doomed) this.kill();
        }).on('error', () => {});
        for (const stream of child.stdio) stream?.on?.('error', () => {});
        this.ended = new Promise((done) => {
            child.on('error', () => done({ code: 127, signal: null }));
            child.on('close', (code, signal) => {
                const sent = this.signalled;
                const by = signal ?? (sent && code === 128 + os.constants.signals[sent] && sent);
                done({ code: by ? -1 : code, signal: by || null });
            });
        }).then((end) => {
            box.programs.delete(this);
            return end;
        });
    }

    /** To the program itself, not to bubblewrap's own processes around it. */
    signal(name) {
        this.signalled = name;
        const targets = this.inner ? childrenOf(this.inner) : [];
        if (targets.length && name !== 'SIGKILL')
            for (const pid of targets) tryKill(pid, name);
        else this.kill();
    }

    /** bubblewrap alone, killed before its own child knows of it, would leave that behind. */
    kill() {
        this.signalled = 'SIGKILL';
        this.doomed = true;
        if (!this.inner) return;
        tryKill(this.inner, 'SIGKILL');
        this.child.kill('SIGKILL');
    }
}

function tryKill(pid, name) {
    try {
        process.kill(pid, name);
    } catch { /* it has ended */ }
}

function childrenOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
            .filter(Boolean).map(Number);
    } catch {
        return [];
    }
}

export class Box {
    /** {user, env, shown: [[file here, path inside]]}. */
    static async open({ user = 'user', env = {}, shown = [] } = {}) {
        const root = await fs.mkdtemp(path.join(os.tmpdir(), 'countersign-box-'));
        const box = new Box();
        Object.assign(box, { root, user, home: `/home/${user}`, env, shown,
            programs: new Set(), closed: false });
        for (const name of ['home', 'tmp', 'etc']) await fs.mkdir(path.join(root, name));
        await fs.writeFile(path.join(root, 'etc', 'passwd'),
            `root:x:0:0:root:/root:/bin/bash\n${user}:x:1000:1000:${user}:${box.home}:/bin/bash\n`);
        await fs.writeFile(path.join(root, 'etc', 'group'), `root:x:0:\n${user}:x:1000:\n`);
        await fs.writeFile(path.join(root, 'etc', 'hosts'), '127.0.0.1 localhost sandbox\n');
        open.add(box);
        return box;
    }

    /** How many folders of closed boxes were removed. */
    static get removed() {
        return folded;
    }

    variables() {
        return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.home, USER: this.user,
            LOGNAME: this.user, SHELL: '/bin/bash', LANG: 'C.UTF-8', TZ: 'UTC',
            MPLCONFIGDIR: '/tmp', XDG_CACHE_HOME: '/tmp', OPENBLAS_NUM_THREADS: '1',
            OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1', ...this.env };
    }

    profile(cwd, env) {
        const inside = ['--unshare-all', '--uid', '1000', '--gid', '1000', '--hostname',
            'sandbox', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv',
            '--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/sbin',
            '/sbin', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64',
            '--proc', '/proc', '--dev', '/dev', '--bind', path.join(this.root, 'tmp'), '/tmp',
            '--bind', path.join(this.root, 'home'), this.home];
        for (const name of SHOWN) inside.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
        for (const name of ['passwd', 'group', 'hosts'])
            inside.push('--ro-bind', path.join(this.root, 'etc', name), `/etc/${name}`);
        for (const [from, to] of this.shown) inside.push('--ro-bind', from, to);
        for (const [name, value] of Object.entries({ ...this.variables(), ...env }))
            inside.push('--setenv', name, `${value}`);
        return [...inside, '--chdir', cwd ?? this.home, '--info-fd', '3'];
    }

    /** Runs `args` inside. {cwd, env, stdin: 'pipe' | 'ignore', channel: a pipe as descriptor 4,
     *  which is child.stdio[4]}. */
    run(args, { cwd, env = {}, stdin = 'ignore', channel = false } = {}) {
        if (this.closed) throw new Error('the box is closed');
        const stdio = [stdin, 'pipe', 'pipe', 'pipe', ...(channel ? ['pipe'] : [])];
        const child = spawn('/usr/bin/prlimit', [...LIMITS, '--', '/usr/bin/bwrap',
            ...this.profile(cwd, env), '--', ...args], { stdio, env: {} });
        const program = new Program(this, child);
        this.programs.add(program);
        return program;
    }

    /** The path inside as this service reads it: ~ and what is relative start at the home. */
    absolute(inside) {
        if (inside === '~' || inside.startsWith('~/')) return path.posix.join(this.home,
            inside.slice(1));
        return path.posix.resolve(this.home, inside);
    }

    /** Where a file of the box is here, links followed as the box sees them; null outside of what
     *  the box may write. With `last: false` a link at the end is not followed. */
    async locate(inside, { last = true } = {}) {
        let todo = this.absolute(inside).split('/').filter(Boolean);
        let done = [];
        for (let links = 0; todo.length && links <= MOST_LINKS;) {
            const name = todo.shift();
            if (name === '..') {
                done.pop();
                continue;
            }
            const here = this.mapped([...done, name]);
            const target = here && (last || todo.length)
                ? await fs.readlink(here).catch(() => null) : null;
            if (target === null) {
                done.push(name);
                continue;
            }
            links++;
            if (target.startsWith('/')) done = [];
            todo = [...target.split('/').filter((part) => part && part !== '.'), ...todo];
        }
        return todo.length ? null : this.mapped(done);
    }

    mapped(parts) {
        const inside = `/${parts.join('/')}`;
        for (const [prefix, name] of [[this.home, 'home'], ['/tmp', 'tmp']]) {
            if (inside === prefix || inside.startsWith(`${prefix}/`))
                return path.join(this.root, name, inside.slice(prefix.length));
        }
        return null;
    }

    killAll() {
        for (const program of this.programs) program.kill();
    }

    async close() {
        if (this.closed) return;
        this.closed = true;
        this.killAll();
        await Promise.all([...this.programs].map((program) => program.ended));
        await fs.rm(this.root, { recursive: true, force: true, maxRetries: 3 });
        open.delete(this);
        folded++;
    }
}
