// How an answer goes out, and how it goes wrong. A rule's `do` is a key of `instead` (answers in
// place of the handler) or of `pieces` and `edits` (spoil what the handler answers).
//
// With `effect: true` a rule of `instead` lets the handler do its work first and throws its answer
// away: the request had its effect, and the client does not know.
import zlib from 'node:zlib';

/** 'POST /v2/sandboxes' where * stands for anything, a RegExp over the same, or a function. */
export function matches(match, call) {
    if (typeof match === 'function') return match(call);
    const name = `${call.method} ${call.path}`;
    if (match instanceof RegExp) return match.test(name);
    const escaped = match.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
    return new RegExp(`^${escaped}$`).test(name);
}

let bomb = null;

/** `mib` MiB of zeros, a thousandth of that as gzip. */
export function gzipBomb(mib) {
    if (bomb?.mib === mib) return bomb.bytes;
    const deflate = zlib.gzipSync(Buffer.alloc(mib * 1024 * 1024, 32));
    bomb = { mib, bytes: deflate };
    return deflate;
}

const HTML = '<!doctype html><title>Welcome</title><h1>Please sign in</h1>';

/* In place of the handler's answer: (reply, rule, go on with the handler). */
const instead = {
    status: (reply, rule) => reply.send(rule.status ?? 500, rule.headers ?? {},
        typeof rule.body === 'object' && !Buffer.isBuffer(rule.body)
            ? JSON.stringify(rule.body) : rule.body ?? ''),
    answer: (reply, rule) => rule.answer(reply), // as the test likes
    hang: () => {},
    reset: (reply) => reply.response.socket?.resetAndDestroy(),
    close: (reply) => reply.response.socket?.destroy(),
    delay: async (reply, rule, proceed) => {
        await new Promise((done) => { setTimeout(done, rule.ms); });
        return proceed();
    },
    // Until release() of the rule is called.
    hold: async (reply, rule, proceed) => {
        await new Promise((done) => { rule.release = done; rule.onHeld?.(); });
        return proceed();
    },
    garbage: (reply, rule) => reply.send(200, { 'content-type': 'text/html', ...rule.headers },
        rule.body ?? HTML),
    empty: (reply) => reply.send(200, {}, ''),
    redirect: (reply, rule) => reply.send(rule.status ?? 302, { location: rule.to }, ''),
    gzip_bomb: (reply, rule) => reply.send(rule.status ?? 200,
        { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        gzipBomb(rule.mib ?? 256)),
    // A stream of these pieces, each a chunk; `ms` between them, `open`: it never ends.
    stream: async (reply, rule) => {
        reply.open(rule.status ?? 200, rule.headers ?? {});
        for (const part of rule.parts ?? []) {
            if (reply.gone) return;
            reply.write(part);
            await new Promise((done) => (rule.ms ? setTimeout(done, rule.ms) : setImmediate(done)));
        }
        if (!rule.open) reply.end();
    },
    // The same piece again and again, until the client goes away.
    flood: async (reply, rule) => {
        reply.open(200, {});
        while (!reply.gone) {
            if (reply.response.write(rule.part)) await new Promise(setImmediate);
            else await Promise.race(['drain', 'close'].map((name) => new Promise((done) => {
                reply.response.once(name, done);
            })));
            if (rule.ms) await new Promise((done) => { setTimeout(done, rule.ms); });
        }
    },
    // Bytes as they are, status line and all, then the end of the connection.
    raw: (reply, rule) => {
        reply.call.status = 200;
        const { socket } = reply.response;
        socket.write(rule.bytes, () => (rule.keep ? null : socket.destroy()));
    },
};

/* Of a body in lines (or one of JSON): all lines so far held back, then what goes out. Lines keep
 * their line feed. */
const edits = {
    duplicate_end: (lines) => [...lines, lines[lines.length - 1]],
    duplicate: (lines) => lines.flatMap((line) => [line, line]),
    reverse: (lines) => [...lines].reverse(),
    drop_end: (lines) => lines.slice(0, -1),
    insert: (lines, rule) => {
        const at = rule.at ?? Math.max(0, lines.length - 1);
        const more = [rule.lines ?? rule.line].flat().map(asLine);
        return [...lines.slice(0, at), ...more, ...lines.slice(at)];
    },
    unknown_kind: (lines) => lines.flatMap((line) => [
        asLine('{"type":"surprise","level":3,"of":{"the":["day",null]}}'), line]),
    replace: (lines, rule) => [rule.lines ?? rule.body ?? ''].flat().map(asLine),
    function: (lines, rule, reply) => rule.edit(lines, reply),
};

const asLine = (line) => (Buffer.isBuffer(line) ? line
    : Buffer.from(line.endsWith('\n') ? line : `${line}\n`));

/** The lines of a whole body, each with its line feed. */
export function linesOf(body) {
    const lines = [];
    let from = 0;
    for (let at = body.indexOf(10); at >= 0; at = body.indexOf(10, from)) {
        lines.push(body.subarray(from, at + 1));
        from = at + 1;
    }
    if (from < body.length) lines.push(body.subarray(from));
    return lines;
}

/* Of the bytes of a body: each piece as it comes; the reply's own write sends. */
const pieces = {
    // The first `at` bytes, then the connection ends.
    cut: (reply, rule, bytes) => {
        const left = (rule.at ?? 0) - reply.sent;
        if (bytes.length < left) return reply.push(bytes);
        const { response } = reply;
        const end = () => (rule.reset ? response.socket?.resetAndDestroy() : response.destroy());
        reply.muted = true;
        if (left <= 0) {
            response.flushHeaders();
            return setImmediate(end);
        }
        return response.write(bytes.subarray(0, left), () => setImmediate(end));
    },
    // `bytes` bytes each `ms` milliseconds.
    slow: (reply, rule, bytes) => {
        for (let at = 0; at < bytes.length; at += rule.bytes ?? 1)
            reply.later(rule.ms ?? 10000, bytes.subarray(at, at + (rule.bytes ?? 1)));
    },
    // In pieces of `size` bytes, each a chunk and a packet of its own.
    tiny: (reply, rule, bytes) => {
        for (let at = 0; at < bytes.length; at += rule.size ?? 1)
            reply.later(0, bytes.subarray(at, at + (rule.size ?? 1)));
    },
    // Another length in the head than the body has: `by` more or less.
    wrong_length: (reply, rule, bytes) => reply.push(bytes),
};

export class Reply {
    constructor(response, rule, call) {
        Object.assign(this, { response, rule, call, sent: 0, muted: false, held: null,
            waiting: Promise.resolve() });
        if (rule && edits[rule.do]) this.held = [];
        this.piece = rule ? pieces[rule.do] : null;
    }

    /** Does what the rule says in place of an answer; false: the handler is to answer. */
    async misbehave(proceed) {
        const action = instead[this.rule.do];
        if (!action) return false;
        if (this.rule.effect) {
            this.muted = true;
            await proceed();
            this.muted = false;
        }
        await action(this, this.rule, proceed);
        return true;
    }

    /** Has the client gone away, or is nothing to reach it? */
    get gone() {
        return this.response.destroyed;
    }

    json(status, value, headers = {}) {
        this.send(status, { 'content-type': 'application/json', ...headers },
            JSON.stringify(value));
    }

    text(status, text, headers = {}) {
        this.send(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }, text);
    }

    /** A whole answer. */
    send(status, headers, body = '') {
        if (this.muted) return;
        let bytes = typeof body === 'string' ? Buffer.from(body) : body;
        if (this.held) {
            bytes = Buffer.concat(edits[this.rule.do](linesOf(bytes), this.rule, this));
            this.held = null;
        }
        const length = bytes.length + (this.rule?.do === 'wrong_length' ? this.rule.by ?? 10 : 0);
        if (status === 204 || this.call.method === 'HEAD') {
            this.head(status, headers);
            this.response.end();
            return;
        }
        this.head(status, { ...headers, 'content-length': length });
        if (!this.piece) {
            this.response.end(bytes);
            return;
        }
        this.piece(this, this.rule, bytes);
        this.finish(length > bytes.length);
    }

    head(status, headers) {
        this.call.status = status;
        this.response.writeHead(status, headers);
    }

    /** The head of an answer whose body comes in pieces: write() each, then end(). */
    open(status, headers) {
        if (this.muted) return;
        const wrong = this.rule?.do === 'wrong_length' ? { 'content-length': 10000000 } : {};
        this.head(status, { ...headers, ...wrong });
        this.response.flushHeaders();
    }

    write(data) {
        if (this.muted) return;
        const bytes = typeof data === 'string' ? Buffer.from(data) : data;
        if (this.held) this.held.push(bytes);
        else if (this.piece) this.piece(this, this.rule, bytes);
        else this.push(bytes);
    }

    push(bytes) {
        this.sent += bytes.length;
        this.response.write(bytes);
    }

    /** After what waits already and `ms` milliseconds. */
    later(ms, bytes) {
        this.waiting = this.waiting.then(() => new Promise((done) => {
            if (this.gone) return done();
            return (ms ? setTimeout : setImmediate)(() => {
                if (!this.gone) this.push(bytes);
                done();
            }, ms);
        }));
    }

    end() {
        if (this.muted) return;
        if (this.held) {
            const lines = linesOf(Buffer.concat(this.held));
            for (const line of edits[this.rule.do](lines, this.rule, this))
                this.response.write(line);
        }
        this.finish(this.rule?.do === 'wrong_length');
    }

    finish(short) {
        this.waiting.then(() => {
            if (this.muted || this.gone) return;
            if (short) this.response.write('', () => this.response.destroy());
            else this.response.end();
        });
    }
}
