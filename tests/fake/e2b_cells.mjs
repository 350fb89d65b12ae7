// The code interpreter of the played E2B (port 49999): /execute answers with lines of JSON.

const LANGUAGES = { python: 'python', bash: 'bash' };

const missing = (name, type, message) => ({ loc: ['body', name], msg: message, type });

function faultsOf(body) {
    if (body === null || typeof body !== 'object' || Array.isArray(body))
        return [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }];
    const faults = [];
    if (body.code === undefined) faults.push(missing('code', 'missing', 'Field required'));
    for (const name of ['code', 'context_id', 'language']) {
        if (body[name] !== undefined && body[name] !== null && typeof body[name] !== 'string')
            faults.push(missing(name, 'string_type', 'Input should be a valid string'));
    }
    if (body.code === null) faults.push(missing('code', 'string_type', 'Input should be a string'));
    for (const value of Object.values(body.env_vars ?? {})) {
        if (typeof value !== 'string')
            faults.push(missing('env_vars', 'string_type', 'Input should be a valid string'));
    }
    return faults;
}

/** JSON in ASCII, as the service writes it. */
export function asciiLine(value) {
    const text = JSON.stringify(value).replace(/[\u007f-\uffff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return `${text}\n`;
}

const CANNED = (count) => [{ type: 'number_of_executions', execution_count: count },
    { type: 'stdout', text: 'ok\n', timestamp: '2026-01-01T00:00:00.000000+00:00' },
    { type: 'end_of_execution' }];

/** Writes lines, with a keepalive when none came for a while. */
class Stream {
    constructor(sandbox, reply) {
        Object.assign(this, { sandbox, reply, over: false });
        reply.open(200, {});
        sandbox.streams.add(reply);
        this.beat();
    }

    beat() {
        clearTimeout(this.timer);
        if (this.over) return;
        this.timer = setTimeout(() => this.line({ type: 'keepalive' }),
            this.sandbox.service.options.keepaliveMs);
        this.timer.unref();
    }

    line(value) {
        if (this.over) return;
        this.reply.write(Buffer.isBuffer(value) || typeof value === 'string' ? value
            : asciiLine(value));
        this.beat();
    }

    end() {
        if (this.over) return;
        this.over = true;
        clearTimeout(this.timer);
        this.sandbox.streams.delete(this.reply);
        this.reply.end();
    }

    drop() {
        this.over = true;
        clearTimeout(this.timer);
        this.sandbox.streams.delete(this.reply);
    }
}

function note(sandbox, body) {
    sandbox.executed++;
    const entry = { sandboxID: sandbox.sandboxID, metadata: sandbox.metadata, code: body.code,
        at: Date.now(), finished: false };
    if (sandbox.service.executions.length < sandbox.service.keep)
        sandbox.service.executions.push(entry);
    return entry;
}

function answerAtOnce(sandbox, body, call, reply) {
    const { delayMs = 0, lines } = sandbox.instant === true ? {} : sandbox.instant;
    const entry = note(sandbox, body);
    const all = lines ?? CANNED(sandbox.executed);
    if (!delayMs) {
        reply.open(200, {});
        for (const line of all) reply.write(asciiLine(line));
        reply.end();
        return;
    }
    const stream = new Stream(sandbox, reply);
    for (const line of all.slice(0, -1)) stream.line(line);
    const timer = setTimeout(() => {
        stream.line(all[all.length - 1]);
        entry.finished = true;
        stream.end();
    }, delayMs);
    call.onGone(() => {
        clearTimeout(timer);
        stream.drop();
    });
}

async function execute(sandbox, call, reply) {
    const body = call.json();
    const faults = faultsOf(body);
    if (faults.length) return reply.json(422, { detail: faults });
    if (body.context_id && body.language)
        return reply.text(400, 'Only one of context_id or language can be provided');
    const language = (body.language ?? 'python').trim().toLowerCase();
    if (body.context_id && !sandbox.contexts.has(body.context_id))
        return reply.text(404, `Context ${body.context_id} not found`);
    if (!LANGUAGES[language]) return reply.text(500, `Failed to create context: ${language}`);
    if (sandbox.instant) return answerAtOnce(sandbox, body, call, reply);
    const context = body.context_id ? sandbox.contexts.get(body.context_id)
        : sandbox.context(LANGUAGES[language]);
    const stream = new Stream(sandbox, reply);
    let running = false;
    call.onGone(() => {
        stream.drop();
        if (running && sandbox.state === 'running') context.interrupt();
    });
    let entry = null;
    await context.run({ code: body.code, env: body.env_vars ?? {} }, (line) => stream.line(line), {
        gone: () => stream.over,
        onStart: () => {
            running = true;
            entry = note(sandbox, body);
        },
    });
    running = false;
    if (entry) entry.finished = true;
    if (sandbox.state === 'running') stream.end();
    return undefined;
}

function contexts(sandbox, call, reply) {
    const match = /^\/contexts(?:\/([^/]+))?(\/restart)?$/.exec(call.path);
    const wanted = `${call.method}${match[1] ? ' id' : ''}${match[2] ?? ''}`;
    const context = sandbox.contexts.get(match[1]);
    if (match[1] && !context) return reply.text(404, `Context ${match[1]} not found`);
    if (wanted === 'GET')
        return reply.json(200, [...sandbox.contexts.values()].map((one) => one.describe()));
    if (wanted === 'POST') {
        const { language = 'python', cwd = '/home/user' } = call.json() ?? {};
        const name = LANGUAGES[language.trim().toLowerCase()];
        if (!name) return reply.text(500, `Failed to create context: ${language}`);
        return reply.json(200, sandbox.newContext(name, cwd).describe());
    }
    if (wanted === 'POST id/restart') context.restart();
    else if (wanted === 'DELETE id') {
        context.kernel?.end();
        sandbox.contexts.delete(context.id);
    } else return reply.json(405, { detail: 'Method Not Allowed' });
    return reply.json(200, null);
}

/** Answers one call to the code interpreter. */
export async function cells(sandbox, call, reply) {
    if (call.method === 'GET' && call.path === '/health') return reply.json(200, 'OK');
    if (call.method === 'POST' && call.path === '/execute') return execute(sandbox, call, reply);
    if (/^\/contexts(\/[^/]+(\/restart)?)?$/.test(call.path))
        return contexts(sandbox, call, reply);
    return reply.json(404, { detail: 'Not Found' });
}
