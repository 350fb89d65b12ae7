// Programs in a sandbox of the played E2B, over the Connect protocol: process.Process.
import * as fs from 'node:fs/promises';
import path from 'node:path';

/** What a Connect call answers instead: its code is a word. */
export class RpcError extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

const NAMES = { SIGTERM: 'terminated', SIGKILL: 'killed', SIGINT: 'interrupt' };

/** One frame of a stream: flag, length, JSON. Flag 2 ends it. */
function frame(value, flag = 0) {
    const body = Buffer.from(JSON.stringify(value));
    const head = Buffer.alloc(5);
    head[0] = flag;
    head.writeUInt32BE(body.length, 1);
    return Buffer.concat([head, body]);
}

/** The one message of a streaming request; null when it is not framed. */
function messageOf(body) {
    if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) return null;
    try {
        return JSON.parse(body.subarray(5).toString('utf8'));
    } catch {
        return null;
    }
}

/** A program of the sandbox and those who listen to it. */
class Running {
    constructor(sandbox, config, tag) {
        Object.assign(this, { sandbox, config, tag, pid: ++sandbox.lastPid, listeners: new Set(),
            end: null });
    }

    start(stdin) {
        const { cmd, args = [], envs = {}, cwd } = this.config;
        this.program = this.sandbox.box.run([cmd, ...args], { cwd, env: envs,
            stdin: stdin ? 'pipe' : 'ignore' });
        const { child } = this.program;
        for (const kind of ['stdout', 'stderr']) {
            child[kind].on('data', (data) => this.tell({ data: {
                [kind]: data.toString('base64') } }));
        }
        this.program.ended.then((end) => this.finish(end));
        this.sandbox.processes.set(this.pid, this);
    }

    tell(event) {
        for (const listener of this.listeners) listener(event);
    }

    /** What is zero is left out; one that a signal ended has not exited. */
    finish({ code, signal }) {
        const status = signal ? `signal: ${NAMES[signal] ?? signal}` : `exit status ${code}`;
        this.sandbox.processes.delete(this.pid);
        this.end = { end: { ...(code && { exitCode: code }), ...(!signal && { exited: true }),
            status, ...(code && { error: status }) } };
        this.tell(this.end);
    }
}

class Stream {
    constructor(sandbox, call, reply) {
        Object.assign(this, { sandbox, reply, over: false });
        reply.open(200, { 'content-type': 'application/connect+json' });
        sandbox.streams.add(reply);
        const seconds = Number(call.headers['keepalive-ping-interval'] ?? 90);
        this.timer = setInterval(() => this.event({ keepalive: {} }), seconds * 1000);
        this.timer.unref();
        call.onGone(() => this.close());
    }

    event(event) {
        if (!this.over) this.reply.write(frame({ event }));
    }

    close() {
        this.over = true;
        clearInterval(this.timer);
        this.sandbox.streams.delete(this.reply);
        this.leave?.();
    }

    end(error) {
        if (this.over) return;
        this.reply.write(frame(error ? { error } : {}, 2));
        this.reply.end();
        this.close();
    }
}

/** The stream gets the start, what comes, and the end of a program. */
function follow(stream, running) {
    const listener = (event) => {
        stream.event(event);
        if (event.end) stream.end();
    };
    running.listeners.add(listener);
    stream.leave = () => running.listeners.delete(listener);
    stream.event({ start: { pid: running.pid } });
}

async function isThere(box, command) {
    const folders = command.includes('/') ? [''] : ['/usr/local/bin', '/usr/bin', '/bin'];
    for (const folder of folders) {
        const file = path.posix.join(folder, command);
        const here = (await box.locate(file)) ?? (/^\/(usr|bin|sbin)\//.test(file) ? file : null);
        if (here && await fs.access(here).then(() => true, () => false)) return true;
    }
    return false;
}

/** What keeps the program from being started, or null. */
async function obstacle(box, { cmd, cwd }, user) {
    if (user && !['user', 'root'].includes(user))
        return { code: 'unauthenticated', message: `user '${user}' not found` };
    if (!cmd || !(await isThere(box, cmd)))
        return { code: 'invalid_argument', message: `"${cmd}": executable file not found` };
    const folder = cwd && ((await box.locate(cwd)) ?? (/^\/(usr|$)/.test(cwd) ? cwd : null));
    if (cwd && !(folder && await fs.access(folder).then(() => true, () => false)))
        return { code: 'invalid_argument', message: `cwd '${cwd}' does not exist` };
    return null;
}

async function start(sandbox, call, reply, user) {
    const message = messageOf(call.body);
    const stream = new Stream(sandbox, call, reply);
    if (!message?.process)
        return stream.end({ code: 'invalid_argument', message: 'the message is not framed' });
    if (message.pty) return stream.end({ code: 'unimplemented', message: 'no terminals here' });
    if (!sandbox.box) {
        stream.event({ start: { pid: 1 } });
        stream.event({ end: { exited: true, status: 'exit status 0' } });
        return stream.end();
    }
    const error = await obstacle(sandbox.box, message.process, user);
    if (error) return stream.end(error);
    const running = new Running(sandbox, message.process, message.tag);
    running.start(message.stdin !== false);
    follow(stream, running);
    const limit = Number(call.headers['connect-timeout-ms'] ?? 0);
    if (!limit) return undefined;
    const timer = setTimeout(() => {
        running.program.kill();
        stream.end({ code: 'deadline_exceeded', message: 'the time is over' });
    }, limit);
    running.program.ended.then(() => clearTimeout(timer));
    return undefined;
}

function connect(sandbox, call, reply) {
    const stream = new Stream(sandbox, call, reply);
    const running = find(sandbox, messageOf(call.body)?.process);
    if (!running) return stream.end({ code: 'not_found', message: 'no such process' });
    return follow(stream, running);
}

function find(sandbox, selector) {
    return [...sandbox.processes.values()].find((one) => (selector?.pid
        ? one.pid === selector.pid : selector?.tag && one.tag === selector.tag));
}

function found(sandbox, { process: selector }) {
    const running = find(sandbox, selector);
    if (!running) throw new RpcError('not_found', 'no such process');
    return running;
}

const unary = {
    List: (sandbox) => {
        const all = [...sandbox.processes.values()].map(({ config, pid, tag }) =>
            ({ config, pid, ...(tag && { tag }) }));
        return all.length ? { processes: all } : {};
    },
    SendSignal: (sandbox, body) => {
        const name = /^SIGNAL_(SIGTERM|SIGKILL)$/.exec(body.signal)?.[1];
        if (!name) throw new RpcError('invalid_argument', 'the signal is unknown');
        found(sandbox, body).program.signal(name);
        return {};
    },
    SendInput: (sandbox, body) => {
        const { program } = found(sandbox, body);
        if (!program.child.stdin) throw new RpcError('failed_precondition', 'it takes no input');
        program.child.stdin.write(Buffer.from(body.input?.stdin ?? '', 'base64'));
        return {};
    },
    CloseStdin: (sandbox, body) => {
        found(sandbox, body).program.child.stdin?.end();
        return {};
    },
    Update: () => ({}),
};

export const processes = { unary, streams: { Start: start, Connect: connect } };
