// Daytona's control plane: making, finding, starting, stopping and deleting sandboxes.
import { Sandbox } from './daytona_sandbox.mjs';
import { ControlError } from './daytona_error.mjs';

const KINDS = { name: 'string', snapshot: 'string', user: 'string', target: 'string',
    env: 'texts', labels: 'texts', public: 'boolean', networkBlockAll: 'boolean',
    networkAllowList: 'string', domainAllowList: 'string', cpu: 'integer', memory: 'integer',
    disk: 'integer', gpu: 'integer', autoStopInterval: 'integer', autoPauseInterval: 'integer',
    autoArchiveInterval: 'integer', autoDeleteInterval: 'integer', ttlMinutes: 'integer',
    buildInfo: 'object', volumes: 'array', secrets: 'array', gpuType: 'array', spot: 'boolean',
    outboundProxyUrl: 'string', otelEndpointOverride: 'string', linkedSandbox: 'string' };
const CHECKS = {
    string: (value) => typeof value === 'string',
    boolean: (value) => typeof value === 'boolean',
    integer: (value) => Number.isInteger(value) && value >= -1,
    array: Array.isArray,
    object: (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
    texts: (value) => CHECKS.object(value)
        && Object.values(value).every((text) => typeof text === 'string'),
};
const SIZES = { cpu: ['CPU', 4], memory: ['memory', 8], disk: ['disk', 10] };
const LIST_MOST = 100;

const bad = (text) => new ControlError(400, text);

/** Throws 400 at what the service refuses; remembers what it would silently ignore. */
function check(service, body) {
    if (!CHECKS.object(body)) throw bad('body must be an object');
    for (const [name, value] of Object.entries(body)) {
        if (!KINDS[name]) service.surprises.push(`POST /sandbox ignores ${name}`);
        else if (!CHECKS[KINDS[name]](value))
            throw bad(`${name} must be ${KINDS[name] === 'texts' ? 'an object' : KINDS[name]}`);
    }
    const blocks = (body.networkAllowList ?? '').split(',').filter(Boolean);
    if (blocks.length > 10 || blocks.some((block) => !/^\d+(\.\d+){3}\/\d+$/.test(block)))
        throw bad('networkAllowList must be at most 10 IPv4 CIDRs');
    if (body.target !== undefined && !service.regions.includes(body.target))
        throw bad(`Region ${body.target} is not available`);
}

/** What of cpu, memory and disk it gets. */
function sizes(service, body) {
    const asked = Object.keys(SIZES).filter((name) => body[name] !== undefined);
    if (!body.buildInfo) {
        if (asked.length)
            throw bad('Cannot specify Sandbox resources when using a snapshot');
        const snapshot = body.snapshot ?? service.defaultSnapshot;
        const found = service.snapshots[snapshot];
        if (!found) throw bad(`Snapshot ${snapshot} not found. Did you add it through the `
            + 'Daytona Dashboard?');
        return { ...found, snapshot };
    }
    if (typeof body.buildInfo.dockerfileContent !== 'string')
        throw bad('buildInfo.dockerfileContent must be a string');
    const got = { cpu: 1, memory: 1, disk: 3 };
    for (const name of asked) {
        const [title, most] = SIZES[name];
        if (body[name] > most || body[name] < 1)
            throw bad(`${title} request ${body[name]} exceeds maximum per sandbox (${most})`);
        got[name] = body[name];
    }
    return got;
}

function checkQuota(service, wanted) {
    for (const [name, [title]] of Object.entries(SIZES)) {
        const most = service.quota[name];
        const used = [...service.sandboxes.values()].filter((one) => !one.doomed)
            .reduce((sum, one) => sum + one[name], 0);
        if (used + wanted[name] > most)
            throw bad(`Total ${title} limit exceeded. Maximum allowed: ${most}.`);
    }
}

/** Held while it comes up, and then told as it was before: the answer may be out of date. */
async function create(service, call, reply) {
    const body = call.json();
    check(service, body);
    const wanted = sizes(service, body);
    checkQuota(service, wanted);
    if (body.name !== undefined && service.named(body.name))
        throw new ControlError(409, `Sandbox with name ${body.name} already exists`);
    const plan = reply.rule?.do === 'plan' ? reply.rule
        : body.buildInfo ? { states: ['pending_build', 'building_snapshot'] } : undefined;
    const sandbox = new Sandbox(service, body, wanted, plan);
    service.sandboxes.set(sandbox.id, sandbox);
    service.creates++;
    if (plan?.held && sandbox.state === 'error')
        throw bad(`Sandbox failed to start: ${plan.reason ?? 'internal error'}`);
    reply.json(200, sandbox.view(plan || !service.stale ? sandbox.state : 'creating'));
    if (plan?.gone) sandbox.vanish();
}

function matchesLabels(sandbox, text) {
    let wanted = {};
    try {
        wanted = JSON.parse(text || '{}');
    } catch {
        throw bad('labels must be a valid JSON object');
    }
    return Object.entries(wanted).every(([name, value]) => sandbox.labels[name] === value);
}

/** In the order of making; the cursor is opaque to clients. */
function list(service, call, reply) {
    const { query } = call;
    const limit = Number(query.get('limit') ?? LIST_MOST);
    if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw bad('limit must be 1 to 200');
    const states = query.getAll('states');
    if (states.includes('destroyed')) throw bad('states must not contain destroyed');
    const from = query.get('cursor')
        ? Number(Buffer.from(query.get('cursor'), 'base64url').toString()) : 0;
    if (!Number.isInteger(from)) throw bad('cursor is invalid');
    const all = service.listed().filter(({ item }) => matchesLabels(item, query.get('labels'))
        && (!states.length || states.includes(item.state))
        && item.name.startsWith(query.get('name') ?? '')
        && item.id.startsWith(query.get('id') ?? ''));
    const rest = all.filter(({ number }) => number >= from);
    const next = rest[limit];
    reply.json(200, { items: rest.slice(0, limit).map(({ item }) => item),
        nextCursor: next ? Buffer.from(`${next.number}`).toString('base64url') : null });
}

/** A route of one sandbox by id or name: what it does, then the sandbox as it is. */
const act = (what) => (service, call, reply, [idOrName, value]) => {
    const sandbox = service.find(idOrName);
    what(sandbox, value === undefined ? undefined : Number(value), call);
    reply.json(200, sandbox.view());
};

function minutes(least, set) {
    return act((sandbox, value) => {
        if (!Number.isInteger(value) || value < least) throw bad('interval must be an integer');
        set(sandbox, value);
    });
}

function putLabels(service, call, reply, [idOrName]) {
    const labels = call.json()?.labels;
    if (!CHECKS.texts(labels ?? null)) throw bad('labels must be an object');
    const sandbox = service.find(idOrName);
    sandbox.labels = { ...labels };
    reply.json(200, { labels: sandbox.labels });
}

function recover(sandbox) {
    if (sandbox.state !== 'error' || !sandbox.recoverable) throw bad('Sandbox is not recoverable');
    sandbox.come(['starting', 'started']);
}

function config(service, call, reply) {
    reply.json(200, { version: '0.190.0', oidc: { issuer: '', clientId: '', audience: '' },
        linkedAccountsEnabled: false, announcements: {}, environment: 'test',
        proxyTemplateUrl: `${service.toolboxUrl}/{{sandboxId}}`, dashboardUrl: service.url,
        proxyToolboxUrl: service.toolboxUrl, defaultSnapshot: service.defaultSnapshot,
        maxAutoArchiveInterval: 43200, maintananceMode: false });
}

/** Kind of limit, method, path, what answers. */
export const controlRoutes = [
    [null, 'GET', /^\/config$/, config],
    [null, 'GET', /^\/health$/, (service, call, reply) => reply.json(200, { status: 'ok' })],
    ['authenticated', 'GET', /^\/api-keys\/current$/, (service, call, reply) => reply.json(200,
        { name: 'test', value: 'dtn_****', createdAt: new Date(0).toISOString(), lastUsedAt: null,
            permissions: ['write:sandboxes', 'delete:sandboxes'], expiresAt: null,
            userId: 'user-1' })],
    ['sandbox-create', 'POST', /^\/sandbox$/, create],
    ['authenticated', 'GET', /^\/sandbox$/, list],
    ['authenticated', 'GET', /^\/sandbox\/([^/]+)$/,
        (service, call, reply, [idOrName]) => reply.json(200, service.find(idOrName).look())],
    ['sandbox-lifecycle', 'DELETE', /^\/sandbox\/([^/]+)$/, act((sandbox) => sandbox.destroy())],
    ['sandbox-lifecycle', 'POST', /^\/sandbox\/([^/]+)\/start$/,
        act((sandbox) => sandbox.start())],
    ['sandbox-lifecycle', 'POST', /^\/sandbox\/([^/]+)\/stop$/, act((sandbox) => sandbox.stop())],
    ['sandbox-lifecycle', 'POST', /^\/sandbox\/([^/]+)\/archive$/, act((sandbox) => {
        if (sandbox.state !== 'stopped') throw bad('Sandbox is not stopped');
        sandbox.come(['archiving', 'archived']);
    })],
    ['sandbox-lifecycle', 'POST', /^\/sandbox\/([^/]+)\/recover$/, act(recover)],
    ['authenticated', 'PUT', /^\/sandbox\/([^/]+)\/labels$/, putLabels],
    ['authenticated', 'POST', /^\/sandbox\/([^/]+)\/autostop\/([^/]+)$/,
        minutes(0, (sandbox, value) => { sandbox.autoStop = value; })],
    ['authenticated', 'POST', /^\/sandbox\/([^/]+)\/autodelete\/([^/]+)$/,
        minutes(-1, (sandbox, value) => { sandbox.autoDelete = value; })],
    ['authenticated', 'POST', /^\/sandbox\/([^/]+)\/autoarchive\/([^/]+)$/,
        minutes(0, (sandbox, value) => { sandbox.autoArchive = value; })],
    ['authenticated', 'POST', /^\/sandbox\/([^/]+)\/ttl\/([^/]+)$/,
        minutes(0, (sandbox, value) => { sandbox.ttl = value; })],
    ['authenticated', 'POST', /^\/sandbox\/([^/]+)\/last-activity$/,
        (service, call, reply, [idOrName]) => {
            service.find(idOrName).active = Date.now();
            reply.send(201, {});
        }],
    ['authenticated', 'GET', /^\/sandbox\/([^/]+)\/toolbox-proxy-url$/,
        (service, call, reply, [idOrName]) => {
            service.find(idOrName);
            reply.json(200, { url: service.toolboxUrl });
        }],
];
