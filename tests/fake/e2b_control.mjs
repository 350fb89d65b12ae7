// The control plane of the played E2B: sandboxes are made, found, kept alive and removed.

const refuse = (reply, status, message, headers = {}) =>
    reply.json(status, { code: status, message }, headers);

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)
    && Object.values(value).every((item) => typeof item === 'string');
const isBool = (value) => typeof value === 'boolean';
const isWhole = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const FIELDS = { templateID: (value) => typeof value === 'string' && value !== '',
    timeout: isWhole, metadata: isMap, envVars: isMap, secure: isBool,
    allow_internet_access: isBool, network: isObject, autoPause: isBool, autoPauseMemory: isBool,
    autoResume: isObject, mcp: isObject, iam: isObject, volumeMounts: Array.isArray };

/** What is wrong with a body of create, or null. */
function faultOf(body, longest) {
    if (!isObject(body)) return 'the body must be a JSON object';
    if (!('templateID' in body)) return 'property "templateID" is missing';
    for (const [name, value] of Object.entries(body)) {
        if (FIELDS[name] && value !== null && !FIELDS[name](value))
            return `property "${name}" is not valid`;
    }
    if (body.timeout > longest) return `Timeout cannot be greater than ${longest / 3600} hours`;
    const outside = (body.network?.denyOut ?? []).find((item) => !/^[0-9a-f.:/]+$/i.test(item));
    return outside ? `"${outside}" is not an address` : null;
}

async function create(service, call, reply, version) {
    const { options } = service;
    const body = call.json();
    const fault = faultOf(body, options.longest);
    if (fault) return refuse(reply, 400, fault);
    const secure = version === 2 || body.secure === true;
    const publicTraffic = body.network?.allowPublicTraffic !== false;
    if (!publicTraffic && !secure)
        return refuse(reply, 400, 'allowPublicTraffic needs a secured sandbox');
    const alias = body.templateID.split(':')[0];
    if (!options.templates.includes(alias))
        return refuse(reply, 404, `template '${body.templateID}' not found`);
    if (service.sandboxes.size >= options.concurrent)
        return refuse(reply, 429, 'you have reached the maximum number of concurrent sandboxes');
    const sandbox = await service.add({ templateID: alias, alias, secure, publicTraffic,
        timeout: body.timeout ?? (version === 2 ? 300 : 15), metadata: body.metadata ?? {},
        envVars: body.envVars ?? {}, internet: body.allow_internet_access !== false,
        autoPause: body.autoPause === true });
    return reply.json(201, sandbox.answer());
}

/** The filter of list: the query was decoded once; the whole text is decoded again, and each key
 *  and value a third time. Null when it can not be. */
export function metadataFilter(text) {
    try {
        const plus = (part) => decodeURIComponent(part.replace(/\+/g, ' '));
        return plus(text).split('&').filter(Boolean).map((pair) => {
            const [key, ...value] = pair.split('=');
            return [plus(key), plus(value.join('='))];
        });
    } catch {
        return null;
    }
}

function list(service, call, reply, version) {
    const { query } = call;
    const filter = metadataFilter(query.get('metadata') ?? '');
    if (!filter) return refuse(reply, 400, 'the metadata filter can not be decoded');
    const limit = Number(query.get('limit') ?? 100);
    if (!(limit >= 1 && limit <= 100)) return refuse(reply, 400, 'limit is 1 to 100');
    const from = Number(Buffer.from(query.get('nextToken') ?? '', 'base64url').toString() || 0);
    if (!Number.isInteger(from)) return refuse(reply, 400, 'nextToken is not valid');
    const states = (version === 1 ? 'running' : query.get('state') ?? 'running,paused')
        .split(',');
    const template = query.get('template');
    const after = query.has('startedAfter') ? Date.parse(query.get('startedAfter')) : 0;
    const all = [...service.sandboxes.values()].filter((one) => states.includes(one.state)
        && (!template || one.templateID === template) && one.startedAt >= after
        && filter.every(([key, value]) => one.metadata[key] === value));
    if (query.get('order') !== 'asc') all.reverse();
    const page = version === 1 ? all : all.slice(from, from + limit);
    const headers = { 'x-total-running': `${all.filter((one) => one.state === 'running').length}` };
    if (version === 2 && from + limit < all.length)
        headers['x-next-token'] = Buffer.from(`${from + limit}`).toString('base64url');
    reply.json(200, page.map((one) => one.listed()), headers);
}

function setTimeoutOf(service, sandbox, call, reply) {
    const body = call.json();
    if (!isWhole(body?.timeout)) return refuse(reply, 400, 'property "timeout" is not valid');
    if (body.timeout > service.options.longest)
        return refuse(reply, 400, 'Timeout cannot be greater than allowed');
    sandbox.live(body.timeout);
    return reply.send(204, {});
}

function refresh(service, sandbox, call, reply) {
    const duration = call.json()?.duration ?? 15;
    if (!isWhole(duration) || duration > 3600)
        return refuse(reply, 400, 'property "duration" is not valid');
    if (Date.now() + duration * 1000 > sandbox.endAt) sandbox.live(duration);
    return reply.send(204, {});
}

function pause(service, sandbox, call, reply) {
    if (sandbox.state === 'paused') return refuse(reply, 409, 'the sandbox is already paused');
    sandbox.pause();
    return reply.send(204, {});
}

function connect(service, sandbox, call, reply, version) {
    const body = call.bodyBytes ? call.json() : {};
    const seconds = body?.timeout ?? (version === 2 ? 300 : undefined);
    if (!isWhole(seconds)) return refuse(reply, 400, 'property "timeout" is missing');
    const paused = sandbox.state === 'paused';
    if (paused) sandbox.resume(seconds);
    else if (Date.now() + seconds * 1000 > sandbox.endAt) sandbox.live(seconds);
    return reply.json(paused ? 201 : 200, sandbox.answer());
}

function resume(service, sandbox, call, reply) {
    if (sandbox.state !== 'paused') return refuse(reply, 409, 'the sandbox is running');
    sandbox.resume(call.json()?.timeout ?? 15);
    return reply.json(201, sandbox.answer());
}

function metricsOfMany(service, call, reply) {
    const ids = (call.query.get('sandbox_ids') ?? '').split(',').filter(Boolean);
    if (!ids.length || ids.length > 100) return refuse(reply, 400, 'sandbox_ids is 1 to 100 ids');
    const found = ids.filter((id) => service.sandboxes.has(id));
    return reply.json(200, { sandboxes: Object.fromEntries(found.map((id) =>
        [id, service.sandboxes.get(id).metric()])) });
}

/* Without a sandbox in the path. */
const ROUTES = [
    ['POST', /^\/v2\/sandboxes$/, (service, call, reply) => create(service, call, reply, 2)],
    ['POST', /^\/sandboxes$/, (service, call, reply) => create(service, call, reply, 1)],
    ['GET', /^\/v2\/sandboxes$/, (service, call, reply) => list(service, call, reply, 2)],
    ['GET', /^\/sandboxes$/, (service, call, reply) => list(service, call, reply, 1)],
    ['GET', /^\/sandboxes\/metrics$/, metricsOfMany],
];

/* With one: (service, sandbox, call, reply, version). */
const SANDBOX_ROUTES = {
    'GET ': (service, sandbox, call, reply) => reply.json(200, sandbox.detail()),
    'DELETE ': async (service, sandbox, call, reply) => {
        await sandbox.end('deleted');
        reply.send(204, {});
    },
    'POST /timeout': setTimeoutOf,
    'POST /refreshes': refresh,
    'POST /pause': pause,
    'POST /connect': connect,
    'POST /resume': resume,
    'PUT /network': (service, sandbox, call, reply) => reply.send(204, {}),
    'GET /metrics': (service, sandbox, call, reply) => reply.json(200, [sandbox.metric()]),
    'GET /logs': (service, sandbox, call, reply) => reply.json(200, { logs: [] }),
};

/** The headers of the rate limit, or null when this call is over it. */
function spend(service) {
    const rate = service.options.rate ?? { limit: 20000, seconds: 30 };
    const window = Math.floor(Date.now() / 1000 / rate.seconds);
    if (service.window !== window) Object.assign(service, { window, spent: 0 });
    service.spent++;
    const reset = Math.max(1, Math.ceil((window + 1) * rate.seconds - Date.now() / 1000));
    return { over: service.spent > rate.limit, reset, headers: { 'ratelimit-limit': `${rate.limit}`,
        'ratelimit-remaining': `${Math.max(0, rate.limit - service.spent)}`,
        'ratelimit-reset': `${reset}` } };
}

/** Answers one call of the control plane. */
export async function control(service, call, reply) {
    const { key } = service.options;
    if (call.path === '/health') return reply.text(200, 'Health check successful');
    const given = call.headers['x-api-key'] ?? '';
    if (!/^e2b_[0-9a-f]+$/.test(given) || given !== key)
        return refuse(reply, 401, 'Unauthorized, please check your credentials.');
    const { over, reset, headers } = spend(service);
    for (const [name, value] of Object.entries(headers)) reply.response.setHeader(name, value);
    if (over) return refuse(reply, 429, 'Rate limit exceeded', { 'retry-after': `${reset}` });
    const old = !service.options.v2 && call.method === 'POST' && call.path === '/v2/sandboxes';
    const route = !old && ROUTES.find(([method, path]) => method === call.method
        && path.test(call.path));
    if (route) return route[2](service, call, reply);
    const match = /^(\/v2)?\/sandboxes\/([a-z0-9]+)(\/[a-z]+)?$/.exec(call.path);
    const action = match && SANDBOX_ROUTES[`${call.method} ${match[3] ?? ''}`];
    if (!action) return refuse(reply, 404, 'no matching operation was found');
    const sandbox = service.sandboxes.get(match[2]);
    if (!sandbox) return refuse(reply, 404, `Sandbox "${match[2]}" doesn't exist`);
    return action(service, sandbox, call, reply, match[1] ? 2 : 1);
}
