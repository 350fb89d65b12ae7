// Plays E2B: the control plane (e2b_control.mjs), and what answers inside each sandbox: envd
// (e2b_envd.mjs, e2b_process.mjs) and the code interpreter (e2b_cells.mjs). Code really runs, in a
// box. Alone: `node tests/fake/e2b.mjs [instant] [key=...]` prints one line of JSON with its
// addresses, logs each call, and serves until descriptor 0 ends.
import { fileURLToPath } from 'node:url';
import { Service, runService } from './service.mjs';
import { control } from './e2b_control.mjs';
import { envd } from './e2b_envd.mjs';
import { cells } from './e2b_cells.mjs';
import { E2bSandbox } from './e2b_sandbox.mjs';

const DEFAULTS = {
    key: `e2b_${'0123456789abcdef'.repeat(2)}01234567`,
    templates: ['code-interpreter-v1', 'base'],
    longest: 3600, // seconds that a sandbox may live
    concurrent: Infinity, // sandboxes at once; one more is the 429 without Retry-After
    rate: null, // {limit, seconds}: calls of the control plane; one more is the other 429
    v2: true, // false: an older server, which does not know POST /v2/sandboxes
    keepaliveMs: 5000,
    colors: 'NoColor', // of tracebacks; 'Linux' has escape sequences
    instant: false, // true or {delayMs, lines}: answers without running anything
};

export class E2b extends Service {
    constructor(options) {
        super((call, reply) => this.route(call, reply), options);
        Object.assign(this, { options: { ...DEFAULTS, ...options }, sandboxes: new Map(),
            ended: [], executions: [], violations: [], created: 0 });
    }

    describe() {
        return { service: 'e2b', url: this.url, sandboxUrl: this.sandboxUrl, env: this.env };
    }

    /** What a worker or the npm client needs to come here. */
    get env() {
        return { E2B_API_KEY: this.options.key, E2B_API_URL: this.url,
            E2B_SANDBOX_URL: this.sandboxUrl };
    }

    async route(call, reply) {
        if (call.role === 'api') return control(this, call, reply);
        // A sandbox could read it: the key belongs to the control plane alone.
        if (call.headers['x-api-key']) this.violations.push(`${call.method} ${call.path}`);
        return this.inside(call, reply);
    }

    /** The proxy before the sandboxes: finds sandbox and port. */
    async inside(call, reply) {
        const { id, port } = addressOf(call.headers);
        if (!id) return reply.json(400, { code: 400, message: 'no sandbox is named' });
        const sandbox = this.sandboxes.get(id);
        if (!sandbox || sandbox.state !== 'running')
            return reply.json(502, { sandboxId: id, message: 'The sandbox was not found',
                code: 502 });
        if (port !== 49983 && !sandbox.publicTraffic
            && call.headers['e2b-traffic-access-token'] !== sandbox.trafficAccessToken)
            return reply.json(403, { sandboxId: id, message: 'The token is missing or wrong',
                code: 403 });
        Object.assign(call, { sandboxID: id, to: `${port}-${id}` });
        if (port === 49983) return envd(sandbox, call, reply);
        if (port === 49999 && sandbox.templateID !== 'base') return cells(sandbox, call, reply);
        return reply.json(502, { sandboxId: id, message: 'The sandbox is running but port is not'
            + ' open', port, code: 502 });
    }

    async add(fields) {
        const sandbox = new E2bSandbox(this, fields);
        this.created++;
        this.sandboxes.set(sandbox.sandboxID, sandbox);
        await sandbox.open();
        return sandbox;
    }

    /** How often code ran in sandboxes that carry this metadata. */
    executionsOf(name, value) {
        return this.executions.filter((one) => one.metadata[name] === `${value}`).length;
    }

    async stop() {
        await Promise.all([...this.sandboxes.values()].map((one) => one.end('stopped')));
        await super.stop();
    }
}

/** From both headers, or the left-most label of the host: 49999-<id>.domain. */
function addressOf(headers) {
    const [id, port] = [headers['e2b-sandbox-id'], headers['e2b-sandbox-port']];
    if (id && port) return { id, port: Number(port) };
    if (id || port) return {};
    const label = /^(\d+)-([a-z0-9]+)\./.exec(headers.host ?? '');
    return label ? { id: label[2], port: Number(label[1]) } : {};
}

/** {url, sandboxUrl, env, calls[], sandboxes, executions[], fail(rule), stop()}. */
export async function startE2b(options = {}) {
    const service = new E2b(options);
    service.url = await service.listen('api', options.port ?? 0);
    service.sandboxUrl = await service.listen('sandbox');
    return service;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runService(startE2b);
