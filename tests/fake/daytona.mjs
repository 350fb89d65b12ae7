// Plays Daytona: a control plane and, at another address, the toolboxes of its sandboxes. Code
// really runs, each sandbox in a box of its own. Run it as a program or import startDaytona().
// What goes wrong on demand is in faults.mjs; of its own it has
//   do: 'plan'     with POST /api/sandbox: {states, then, reason, held, gone} as in Sandbox
//   do: 'restart'  with a toolbox request: the sandbox went down and up again, sessions are lost
//   do: 'stop'     likewise: it stops; 'vanish': it is gone; 'fail': it has an error
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import { Service, runService } from './service.mjs';
import { ControlError, ToolboxError } from './daytona_error.mjs';
import { controlRoutes } from './daytona_control.mjs';
import { fileRoutes } from './daytona_files.mjs';
import { processRoutes } from './daytona_process.mjs';
import { sessionRoutes } from './daytona_session.mjs';

const toolboxRoutes = [...processRoutes, ...sessionRoutes, ...fileRoutes,
    ['GET', /^\/version$/, (sandbox, call, reply) => reply.json(200,
        { version: sandbox.service.daemonVersion })],
    ['GET', /^\/user-home-dir$/, (sandbox, call, reply) => reply.json(200,
        { dir: '/home/daytona' })],
    ['GET', /^\/work-dir$/, (sandbox, call, reply) => reply.json(200, { dir: '/home/daytona' })],
];

const LIMITS = { authenticated: 1e9, 'sandbox-create': 1e9, 'sandbox-lifecycle': 1e9,
    'failed-auth': 100 };

/** A results file that says: exit code 0, no items. */
function emptyResults() {
    const number = (value, size) => {
        const bytes = Buffer.alloc(size);
        bytes.writeUIntBE(value, size - 4, 4);
        return bytes;
    };
    const head = (kind, fields, length) => {
        const meta = Buffer.concat(fields.flatMap((text) => [number(text.length, 4),
            Buffer.from(text)]));
        return Buffer.concat([Buffer.from(kind), number(meta.length, 4), number(length, 8), meta]);
    };
    const frames = Buffer.concat([head('S', [], 0), head('E', ['0', '', ''], 32)]);
    return Buffer.concat([frames, createHash('sha256').update(frames).digest()]);
}

/* Options: `instant` runs nothing and says that all went well; `stale` tells of a new sandbox that
 * it is being made although it is started; `hidesProxy` keeps the toolbox's address out of answers
 * about sandboxes; a minute can be made short. */
const USUAL = { key: 'dtn_test_key', instant: false, stale: true, hidesProxy: false,
    daemonVersion: '0.190.0', minuteMs: 60000, regions: ['us', 'eu'], quota: {},
    answers: { 'results.bin': emptyResults() }, defaultSnapshot: 'daytona-small',
    snapshots: { 'daytona-small': { cpu: 1, memory: 1, disk: 3 },
        'daytona-medium': { cpu: 2, memory: 4, disk: 8 },
        'daytona-large': { cpu: 4, memory: 8, disk: 10 } } };

export class Daytona extends Service {
    constructor(options) {
        super((call, reply) => this.answer(call, reply), options);
        for (const [name, usual] of Object.entries(USUAL)) this[name] = options[name] ?? usual;
        Object.assign(this, { sandboxes: new Map(), creates: 0, executions: 0, surprises: [],
            organization: 'org-1', frozen: null, windows: {},
            limits: { ...LIMITS, ...options.limits } });
        this.clock = setInterval(() => {
            for (const sandbox of this.sandboxes.values()) sandbox.age(Date.now());
        }, Math.min(15000, this.minuteMs / 4)).unref();
    }

    async open() {
        this.root = await this.listen('api');
        this.url = `${this.root}/api`;
        this.toolboxUrl = `${await this.listen('toolbox')}/toolbox`;
        return this;
    }

    get env() {
        return { DAYTONA_API_KEY: this.key, DAYTONA_API_URL: this.url };
    }

    describe() {
        return { url: this.url, toolboxUrl: this.toolboxUrl, env: this.env };
    }

    named(name) {
        return [...this.sandboxes.values()].find((one) => one.name === name && !one.doomed);
    }

    find(idOrName) {
        const found = this.sandboxes.get(idOrName) ?? this.named(idOrName);
        if (!found) throw new ControlError(404, `Sandbox with ID or name ${idOrName} not found`);
        return found;
    }

    /** Sandboxes that would go on costing money. */
    left() {
        return [...this.sandboxes.values()].filter((one) => !one.doomed);
    }

    /** What lists show: [{number, item}]. freezeList() keeps them as they are now. */
    listed() {
        let number = 0;
        return this.frozen ?? [...this.sandboxes.values()].filter((one) => !one.doomed)
            .map((one) => ({ number: number++, item: one.item() }));
    }

    freezeList() {
        this.frozen = this.listed();
    }

    thawList() {
        this.frozen = null;
    }

    async answer(call, reply) {
        try {
            if (call.role === 'api') await this.control(call, reply);
            else await this.toolbox(call, reply);
        } catch (error) {
            if (!error.answer) throw error;
            error.answer(call, reply);
        }
    }

    authorized(call) {
        return call.headers.authorization === `Bearer ${this.key}`;
    }

    /** Counts a request; gives the headers with the name of its limit at the end. */
    meter(kind) {
        const minute = Math.floor(Date.now() / 60000);
        const window = this.windows[kind]?.minute === minute ? this.windows[kind]
            : (this.windows[kind] = { minute, used: 0 });
        const seconds = 60 - Math.floor(Date.now() / 1000) % 60;
        const left = this.limits[kind] - ++window.used;
        const headers = { [`x-ratelimit-limit-${kind}`]: this.limits[kind],
            [`x-ratelimit-remaining-${kind}`]: Math.max(0, left),
            [`x-ratelimit-reset-${kind}`]: seconds };
        if (left >= 0) return headers;
        throw new ControlError(429, 'Rate limit exceeded', { ...headers,
            [`retry-after-${kind}`]: seconds,
            ...(kind === 'failed-auth' ? { 'retry-after': seconds } : {}) });
    }

    async control(call, reply) {
        const path = call.path.startsWith('/api/') ? call.path.slice(4) : '';
        for (const [kind, method, pattern, act] of controlRoutes) {
            const found = method === call.method && pattern.exec(path);
            if (!found) continue;
            if (kind) this.admit(kind, call, reply);
            await act(this, call, reply, found.slice(1).map(decodeURIComponent));
            return;
        }
        throw new ControlError(404, `Cannot ${call.method} ${call.path}`);
    }

    admit(kind, call, reply) {
        if (!this.authorized(call)) {
            this.meter('failed-auth');
            throw new ControlError(401, 'Invalid credentials');
        }
        const headers = { ...this.meter('authenticated'),
            ...(kind === 'authenticated' ? {} : this.meter(kind)) };
        for (const [name, value] of Object.entries(headers)) reply.response.setHeader(name, value);
    }

    async toolbox(call, reply) {
        const [, id, path] = /^\/toolbox\/([^/]+)(\/.*)$/.exec(call.path) ?? [];
        if (!this.authorized(call))
            throw new ToolboxError(401, 'unauthorized', 'UNAUTHORIZED', 'DAYTONA_PROXY');
        const sandbox = this.sandboxes.get(id);
        if (!sandbox)
            throw new ToolboxError(404, 'sandbox not found', 'NOT_FOUND', 'DAYTONA_PROXY');
        await this.suffer(sandbox, reply.rule?.do);
        if (sandbox.doomed) throw new ToolboxError(502, '');
        if (sandbox.state !== 'started')
            throw new ToolboxError(400, 'bad request: failed to resolve container IP: '
                + 'no IP address found. Is the Sandbox started?', 'BAD_REQUEST', 'DAYTONA_PROXY');
        await sandbox.enter();
        for (const [method, pattern, act] of toolboxRoutes) {
            const found = method === call.method && pattern.exec(path);
            if (!found) continue;
            await act(sandbox, call, reply, found.slice(1).map(decodeURIComponent));
            return;
        }
        throw new ToolboxError(404, `${call.method} ${path} not found`, 'NOT_FOUND');
    }

    async suffer(sandbox, what) {
        if (what === 'restart') sandbox.halt();
        if (what === 'stop') {
            sandbox.halt();
            sandbox.come(['stopped']);
        }
        if (what === 'fail') {
            sandbox.halt();
            sandbox.come(['error']);
        }
        if (what === 'vanish') {
            sandbox.vanish();
            await sandbox.doomed;
            throw new ToolboxError(404, 'sandbox not found', 'NOT_FOUND', 'DAYTONA_PROXY');
        }
    }

    async stop() {
        clearInterval(this.clock);
        await super.stop();
        for (const sandbox of this.sandboxes.values()) sandbox.vanish();
        await Promise.all([...this.sandboxes.values()].map((one) => one.doomed));
    }
}

/** {url, toolboxUrl, env, calls, creates, executions, sandboxes, left(), fail(rule), stop()}. */
export async function startDaytona(options = {}) {
    return new Daytona(options).open();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runService(startDaytona);
