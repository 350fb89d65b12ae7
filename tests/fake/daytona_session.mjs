// Process sessions of Daytona's toolbox: a shell that lives on between requests and runs one
// command at a time, each with a log in which every line says from which stream it came.
import * as fs from 'node:fs/promises';
import { constants } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { ToolboxError } from './daytona_error.mjs';

const ROOT = '/tmp/.daytona-sessions';
const PREFIX = { stdout: Buffer.from([1, 1, 1]), stderr: Buffer.from([2, 2, 2]) };
const ENDS = Buffer.from('\x1e\n'); // what our own command prints last where it is told to mark
const LOG_MOST = 64 * 1024 * 1024;

const gone = (what) => new ToolboxError(404, `${what} not found`, 'NOT_FOUND');

/** What one stream of the shell said: the text before `mark`, in lines. The service shows a line
 *  once it ended; a last one without an end is given one. */
class Labeller {
    constructor(command, stream) {
        Object.assign(this, { command, stream, line: [], held: Buffer.alloc(0), ended: false });
    }

    /** Gives what came after the mark; null while there was none. */
    take(data) {
        const { mark } = this.command;
        const bytes = this.held.length ? Buffer.concat([this.held, data]) : data;
        const at = bytes.indexOf(mark);
        if (at >= 0) {
            this.add(bytes.subarray(0, at));
            if (this.line.length) this.add(Buffer.from('\n'));
            this.ended = true;
            return bytes.subarray(at + mark.length);
        }
        const start = bytes.indexOf(mark[0], Math.max(0, bytes.length - mark.length));
        this.held = start < 0 ? Buffer.alloc(0) : bytes.subarray(start);
        this.add(start < 0 ? bytes : bytes.subarray(0, start));
        return null;
    }

    add(bytes) {
        const end = bytes.lastIndexOf(10) + 1;
        if (end) {
            this.command.add(this.stream, Buffer.concat([...this.line, bytes.subarray(0, end)]));
            this.line = [];
        }
        if (end < bytes.length) this.line.push(bytes.subarray(end));
    }
}

class Command {
    constructor(text) {
        Object.assign(this, { id: randomUUID(), text, exitCode: undefined, log: [], size: 0,
            mark: Buffer.from(`\x02${randomBytes(16).toString('hex')}\x03`), code: undefined,
            waiting: [], told: null });
        this.ready = new Promise((done) => { this.begun = done; });
        this.stdout = new Labeller(this, 'stdout');
        this.stderr = new Labeller(this, 'stderr');
    }

    /** Whole lines of one stream. */
    add(stream, bytes) {
        const clean = bytes.includes(0) ? bytes.filter((byte) => byte !== 0) : bytes;
        if (this.size + clean.length > LOG_MOST) return;
        this.size += clean.length;
        this.log.push({ stream, bytes: clean });
        this.changed();
    }

    end(code) {
        this.exitCode = code;
        this.changed();
    }

    /** The exit code shows when the log is complete. */
    settle() {
        if (this.code === undefined || !this.stdout.ended || !this.stderr.ended) return;
        this.end(this.code);
    }

    changed() {
        this.told = null;
        for (const wake of this.waiting.splice(0)) wake();
    }

    /** Until more was logged, or it ended, or the client left. */
    change(call) {
        return new Promise((done) => {
            this.waiting.push(done);
            call.onGone(done);
        });
    }

    view() {
        return { id: this.id, command: this.text,
            ...(this.exitCode === undefined ? {} : { exitCode: this.exitCode }) };
    }

    bytes(stream) {
        return Buffer.concat(this.log.filter((entry) => !stream || entry.stream === stream)
            .map((entry) => entry.bytes));
    }

    labelled() {
        return Buffer.concat(this.log.flatMap(({ stream, bytes }) => {
            const lines = [];
            for (let from = 0; from < bytes.length;) {
                const end = bytes.indexOf(10, from) + 1;
                lines.push(PREFIX[stream], bytes.subarray(from, end));
                from = end;
            }
            return lines;
        }));
    }

    logs() {
        this.told ??= this.tell();
        return this.told;
    }

    tell() {
        return { output: this.labelled().toString('utf8'),
            stdout: this.bytes('stdout').toString('utf8'),
            stderr: this.bytes('stderr').toString('utf8') };
    }
}

export class Session {
    constructor(sandbox, id) {
        Object.assign(this, { sandbox, id, commands: new Map(), queue: [], program: null });
    }

    async open() {
        if (!this.sandbox.box) return;
        const { box } = this.sandbox;
        this.program = box.run(['/bin/bash', '--noprofile', '--norc'],
            { stdin: 'pipe', channel: true, env: this.sandbox.env });
        const { stdout, stderr, stdio } = this.program.child;
        stdout.on('data', (data) => this.heard('stdout', data));
        stderr.on('data', (data) => this.heard('stderr', data));
        let codes = '';
        stdio[4].on('data', (data) => {
            const lines = (codes + data).split('\n');
            codes = lines.pop();
            for (const line of lines) this.told(...line.split(' '));
        });
    }

    /** Output is of the command that runs; what comes after its mark is of the next. */
    heard(stream, data) {
        for (let rest = data; rest?.length;) {
            const command = this.queue.find((one) => !one[stream].ended);
            if (!command) return;
            rest = command[stream].take(rest);
            command.settle();
        }
    }

    /** By the shell: a command has its pipes, or it left with a code. */
    told(id, code) {
        const command = this.commands.get(id);
        if (code === 'begins') command.begun();
        else command.code = Number(code);
        command.settle();
    }

    async exec(text) {
        if (this.program?.child.exitCode !== null && this.program)
            throw new ToolboxError(500, 'failed to write command: broken pipe', 'INTERNAL');
        const command = new Command(text);
        this.commands.set(command.id, command);
        if (!this.program) {
            if (/ mark$/.test(text))
                for (const stream of Object.keys(PREFIX)) command.add(stream, ENDS);
            command.end(0);
            return command;
        }
        this.queue.push(command);
        const folder = `${ROOT}/${command.id}`;
        await this.sandbox.files.write(`${folder}/command`, Buffer.from(`${text}\n`));
        this.program.child.stdin.write(shellLine(folder, command));
        return command;
    }

    async input(command, data) {
        if (command.exitCode !== undefined)
            throw new ToolboxError(410, 'command has already completed', 'GONE');
        if (!this.program) return;
        await command.ready;
        const pipe = await this.sandbox.box.locate(`${ROOT}/${command.id}/in`);
        const file = await fs.open(pipe, constants.O_RDWR | constants.O_NONBLOCK);
        await file.write(data).finally(() => file.close());
    }

    async close() {
        this.program?.kill();
        await this.program?.ended;
    }

    view() {
        return { sessionId: this.id,
            commands: [...this.commands.values()].map((command) => command.view()) };
    }
}

/** Sources the command in the session's own shell. Its exit code is told after all who hold its
 *  streams have let go, and never when it ends the shell. */
function shellLine(folder, command) {
    const mark = command.mark.toString().replace('\x02', '\\002').replace('\x03', '\\003');
    return `__d=${folder}; mkfifo $__d/in $__d/out $__d/err; `
        + `cat <$__d/out 4>&- & __o=$!; cat <$__d/err >&2 4>&- & __e=$!; `
        + `exec 5<>$__d/in; echo ${command.id} begins >&4; `
        + `. $__d/command <&5 >$__d/out 2>$__d/err 4>&- 5>&-; __c=$?; exec 5>&-; `
        + `wait $__o $__e; printf '${mark}'; printf '${mark}' >&2; `
        + `printf '%s %s\\n' ${command.id} $__c >&4\n`;
}

const sessionOf = (sandbox, id) => {
    const session = sandbox.sessions.get(id);
    if (!session) throw gone('session');
    return session;
};

const commandOf = (sandbox, id, commandId) => {
    const command = sessionOf(sandbox, id).commands.get(commandId);
    if (!command) throw gone('command');
    return command;
};

async function create(sandbox, call, reply) {
    const id = call.json()?.sessionId;
    if (typeof id !== 'string' || !id) throw new ToolboxError(400, 'sessionId is required',
        'BAD_REQUEST');
    if (sandbox.sessions.has(id)) throw new ToolboxError(409, 'session already exists', 'CONFLICT');
    const session = new Session(sandbox, id);
    sandbox.sessions.set(id, session);
    await session.open();
    reply.send(201, {});
}

/** Since 0.167.0 clients are given logs in JSON. */
function wantsJson(call) {
    const version = call.headers['x-daytona-sdk-version'] ?? '';
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
    return Number(major) > 0 || Number(minor) >= 167;
}

async function exec(sandbox, call, reply, [id]) {
    const session = sessionOf(sandbox, id);
    const { command: text, runAsync, async: older } = call.json() ?? {};
    if (typeof text !== 'string' || !text.trim())
        throw new ToolboxError(400, 'command cannot be empty', 'BAD_REQUEST');
    sandbox.service.executions++;
    const command = await session.exec(text);
    if (runAsync || older) {
        reply.json(202, { cmdId: command.id });
        return;
    }
    while (command.exitCode === undefined && !reply.gone) await command.change(call);
    reply.json(200, { cmdId: command.id, exitCode: command.exitCode,
        ...(wantsJson(call) ? command.logs()
            : { output: command.bytes().toString('utf8') }) });
}

async function follow(command, call, reply) {
    reply.open(200, { 'content-type': 'application/octet-stream' });
    for (let next = 0; !reply.gone;) {
        for (; next < command.log.length; next++) reply.write(command.log[next].bytes);
        if (command.exitCode !== undefined) break;
        await command.change(call);
    }
    reply.end();
}

async function logs(sandbox, call, reply, [id, commandId]) {
    const command = commandOf(sandbox, id, commandId);
    if (call.query.get('follow') === 'true') return follow(command, call, reply);
    const split = call.headers['x-daytona-split-output'] === 'true';
    const [type, body] = wantsJson(call)
        ? ['application/json; charset=utf-8', JSON.stringify(command.logs())]
        : ['text/plain; charset=utf-8', split ? command.labelled() : command.bytes()];
    reply.open(200, { 'content-type': type });
    reply.write(body);
    return reply.end();
}

export const sessionRoutes = [
    ['POST', /^\/process\/session$/, create],
    ['GET', /^\/process\/session$/, async (sandbox, call, reply) => reply.json(200,
        [...sandbox.sessions.values()].map((session) => session.view()))],
    ['GET', /^\/process\/session\/([^/]+)$/, async (sandbox, call, reply, [id]) => reply.json(200,
        sessionOf(sandbox, id).view())],
    ['DELETE', /^\/process\/session\/([^/]+)$/, async (sandbox, call, reply, [id]) => {
        const session = sessionOf(sandbox, id);
        sandbox.sessions.delete(id);
        await session.close();
        reply.send(204, {});
    }],
    ['POST', /^\/process\/session\/([^/]+)\/exec$/, exec],
    ['GET', /^\/process\/session\/([^/]+)\/command\/([^/]+)$/,
        async (sandbox, call, reply, [id, commandId]) => reply.json(200,
            commandOf(sandbox, id, commandId).view())],
    ['GET', /^\/process\/session\/([^/]+)\/command\/([^/]+)\/logs$/, logs],
    ['POST', /^\/process\/session\/([^/]+)\/command\/([^/]+)\/input$/,
        async (sandbox, call, reply, [id, commandId]) => {
            const command = commandOf(sandbox, id, commandId);
            const data = call.json()?.data;
            if (typeof data !== 'string')
                throw new ToolboxError(400, 'data is required', 'BAD_REQUEST');
            await sandbox.sessions.get(id).input(command, data);
            reply.send(204, {});
        }],
];
