// The HTTP side of a service that we play in tests: it listens, keeps a record of every request,
// and misbehaves where a rule says so (faults.mjs). What it answers comes from a handler.
import http from 'node:http';
import https from 'node:https';
import { Reply, matches } from './faults.mjs';

const BODY_MAX = 256 * 1024 * 1024;

/** One request: {role, method, path, query, headers, body, bodyBytes, at, status, gone()}, and for
 *  measurements beganMs and tookMs, in fractions of milliseconds. The body itself is dropped
 *  once it is answered; `calls` would grow without end. */
class Call {
    constructor(role, request) {
        const url = new URL(request.url, 'http://service');
        Object.assign(this, { role, method: request.method, path: url.pathname,
            query: url.searchParams, headers: request.headers, bodyBytes: 0, at: Date.now(),
            status: 0, beganMs: performance.timeOrigin + performance.now(), tookMs: 0 });
        for (const [name, value] of Object.entries({ request, body: null, left: [] }))
            Object.defineProperty(this, name, { value, writable: true, enumerable: false });
    }

    /** The body as JSON; null when it is none. */
    json() {
        try {
            return JSON.parse(this.body.toString('utf8'));
        } catch {
            return null;
        }
    }

    /** `then` runs when the client goes away before the answer is whole. */
    onGone(then) {
        this.left.push(then);
    }
}

/** What there is to say about a call: a handler may have added more to it. */
const plain = ({ role, to, method, path, query, headers, bodyBytes, status, ...times }) =>
    ({ role, to, method, path, query: `${query}`, headers, bodyBytes, status, at: times.at,
        beganMs: times.beganMs, tookMs: times.tookMs });

async function readBody(request) {
    const parts = [];
    let size = 0;
    for await (const part of request) {
        size += part.length;
        if (size > BODY_MAX) throw new Error('the body is too large');
        parts.push(part);
    }
    return Buffer.concat(parts);
}

export class Service {
    /** handle(call, reply) answers. options: {log: true | function, keep: most calls kept,
     *  tls: {key, cert}}. */
    constructor(handle, { log = false, keep = Infinity, tls = null, host = '127.0.0.1' } = {}) {
        Object.assign(this, { handle, keep, tls, host, servers: [], rules: [], calls: [],
            count: 0, connections: 0, sockets: new Set() });
        const print = (line) => process.stderr.write(`${line}\n`);
        this.log = typeof log === 'function' ? log : log ? print : null;
    }

    /** Another address that leads here; `role` tells the handler which. Gives its URL. */
    async listen(role, port = 0) {
        const take = (request, response) => {
            this.take(role, request, response).catch((error) => {
                if (this.log) this.log(`${request.method} ${request.url} broke: ${error.stack}`);
                response.destroy();
            });
        };
        const options = { keepAliveTimeout: 60000 };
        const server = this.tls ? https.createServer({ ...options, ...this.tls }, take)
            : http.createServer(options, take);
        server.requestTimeout = 0;
        server.on('connection', (socket) => {
            this.connections++;
            socket.setNoDelay(true);
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
        });
        server.on('tlsClientError', () => {});
        await new Promise((done, failed) => {
            server.on('error', failed).listen({ port, host: this.host, backlog: 1024 }, done);
        });
        server.role = role;
        this.servers.push(server);
        return `${this.tls ? 'https' : 'http'}://${this.host}:${server.address().port}`;
    }

    /** From now on: {match: 'POST /v2/sandboxes' (* stands for anything), a RegExp or a function
     *  of the call, times: 1, skip: 0, do: ..., ...}; faults.mjs has what can be done. Gives the
     *  rule; its `used` counts. */
    fail(rule) {
        const full = { times: 1, skip: 0, used: 0, ...rule };
        this.rules.push(full);
        return full;
    }

    /** Forgets all rules. */
    behave() {
        this.rules.length = 0;
    }

    ruleFor(call) {
        for (const rule of this.rules) {
            if (rule.used >= rule.times || !matches(rule.match, call)) continue;
            if (rule.skip > 0) {
                rule.skip--;
                continue;
            }
            rule.used++;
            return rule;
        }
        return null;
    }

    /** The calls that a rule's `match` would take. */
    callsTo(match) {
        return this.calls.filter((call) => matches(match, call));
    }

    record(call) {
        this.count++;
        if (this.calls.length < this.keep) this.calls.push(call);
    }

    async take(role, request, response) {
        const call = new Call(role, request);
        if (call.path.startsWith('/_fake/')) return this.steer(call, response);
        this.record(call);
        const rule = this.ruleFor(call);
        const reply = new Reply(response, rule, call);
        response.on('close', () => {
            if (!response.writableFinished || reply.muted) for (const then of call.left) then();
            this.tell(call);
        });
        request.on('error', () => {});
        if (rule?.do === 'deaf') return undefined;
        call.body = await readBody(request);
        call.bodyBytes = call.body.length;
        if (!rule || !(await reply.misbehave(() => this.handle(call, reply))))
            await this.handle(call, reply);
        call.body = null;
        return undefined;
    }

    tell(call) {
        call.tookMs = performance.timeOrigin + performance.now() - call.beganMs;
        if (!this.log) return;
        const query = [...call.query].length ? `?${call.query}` : '';
        const answer = call.status || 'no answer';
        this.log(`${call.to ?? call.role} ${call.method} ${call.path}${query} -> ${answer}`
            + ` (${Date.now() - call.at} ms)`);
    }

    /** For a service in a process of its own: GET /_fake/calls, POST and DELETE /_fake/rules. */
    async steer(call, response) {
        const body = await readBody(call.request);
        let answer = {};
        if (call.path === '/_fake/calls')
            answer = { count: this.count, connections: this.connections,
                calls: this.calls.map(plain) };
        else if (call.method === 'POST') answer = this.fail(JSON.parse(body.toString('utf8')));
        else if (call.method === 'DELETE') this.behave();
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answer));
    }

    /** Takes no more connections for that role; those that are there end with their answers. */
    shut(role) {
        for (const server of this.servers) if (server.role === role) server.close();
    }

    async stop() {
        for (const server of this.servers) server.close();
        for (const socket of this.sockets) socket.destroy();
    }
}

/** Runs a service as a program: one line of JSON says where it is, and it ends when descriptor 0
 *  does. Options come as NAME=VALUE words; VALUE is JSON or a plain word. */
export async function runService(start) {
    const options = { log: true };
    for (const word of process.argv.slice(2)) {
        const [name, ...rest] = word.split('=');
        const text = rest.join('=');
        try {
            options[name] = text === '' ? true : JSON.parse(text);
        } catch {
            options[name] = text;
        }
    }
    const service = await start(options);
    const end = async () => {
        await service.stop();
        process.exit(0);
    };
    process.stdin.on('end', end).on('error', end).resume();
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, end);
    process.stdout.write(`${JSON.stringify(service.describe())}\n`);
}
