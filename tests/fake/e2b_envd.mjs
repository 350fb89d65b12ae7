// envd of the played E2B (port 49983): files over HTTP, the rest over the Connect protocol.
import crypto from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import { RpcError, processes } from './e2b_process.mjs';

const USERS = ['user', 'root', ''];
const STATUS = { invalid_argument: 400, not_found: 404, already_exists: 409, unauthenticated: 401,
    permission_denied: 403, unimplemented: 501, internal: 500, failed_precondition: 400 };

const refuse = (reply, status, message) => reply.json(status, { code: status, message });

/** The user of an RPC: Authorization: Basic base64("user:"). */
function userOf(call) {
    const basic = /^Basic (.*)$/.exec(call.headers.authorization ?? '');
    return basic ? Buffer.from(basic[1], 'base64').toString().split(':')[0] : '';
}

// ---- files over HTTP ----------------------------------------------------------------------

/** The parts of multipart/form-data called "file": [{filename, data}]; null when it is broken. */
function partsOf(call) {
    const boundary = /boundary="?([^";]+)"?/.exec(call.headers['content-type'])?.[1];
    if (!boundary) return null;
    const mark = Buffer.from(`\r\n--${boundary}`);
    const body = Buffer.concat([Buffer.from('\r\n'), call.body]);
    const parts = [];
    let at = body.indexOf(mark);
    while (at >= 0) {
        const from = at + mark.length;
        if (body.subarray(from, from + 2).toString() === '--') return parts;
        const next = body.indexOf(mark, from);
        const split = body.indexOf('\r\n\r\n', from);
        if (next < 0 || split < 0 || split > next) return null;
        const head = body.subarray(from, split).toString('utf8');
        if (/;\s*name="file"/i.test(head)) parts.push({ data: body.subarray(split + 4, next),
            filename: /filename="((?:[^"\\]|\\.)*)"/i.exec(head)?.[1] ?? '' });
        at = next;
    }
    return null;
}

async function store(sandbox, name, data) {
    if (!sandbox.box) return { path: name, name: path.posix.basename(name), type: 'file' };
    const inside = sandbox.box.absolute(name);
    const here = await sandbox.box.locate(inside);
    if (!here) throw new RpcError('invalid_argument', `'${name}' can not be written`);
    const stat = await fs.stat(here).catch(() => null);
    if (stat?.isDirectory()) throw new RpcError('invalid_argument', `'${name}' is a directory`);
    await fs.mkdir(path.dirname(here), { recursive: true });
    await fs.writeFile(here, data);
    return { path: inside, name: path.posix.basename(inside), type: 'file' };
}

async function upload(sandbox, call, reply) {
    const given = call.query.get('path');
    const type = (call.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    if (call.headers['content-encoding'] === 'gzip') call.body = zlib.gunzipSync(call.body);
    let parts;
    if (type === 'application/octet-stream') {
        if (!given) return refuse(reply, 400, 'path is needed');
        parts = [{ filename: given, data: call.body }];
    } else if (type === 'multipart/form-data') {
        parts = partsOf(call);
        if (!parts?.length) return refuse(reply, 400, 'the form can not be read');
        if (given && parts.length > 1) return refuse(reply, 400, 'one path, several files');
    } else return refuse(reply, 400, `content type ${type || '(none)'} is not taken`);
    const stored = [];
    for (const part of parts) {
        const name = given || part.filename;
        if (!name) return refuse(reply, 400, 'a file has no name');
        stored.push(await store(sandbox, name, part.data));
    }
    return reply.json(200, stored);
}

async function download(sandbox, call, reply) {
    const name = call.query.get('path') ?? '';
    const here = name && await sandbox.box?.locate(name);
    const stat = here && await fs.stat(here).catch(() => null);
    if (!stat) return refuse(reply, 404, `path '${name}' does not exist`);
    if (!stat.isFile()) return refuse(reply, 400, `path '${name}' is a directory`);
    const data = await fs.readFile(here);
    const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes',
        'content-disposition': `inline; filename="${encodeURIComponent(path.basename(here))}"` };
    const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers.range ?? '');
    if (!range) return reply.send(200, headers, data);
    const end = range[2] ? Math.min(Number(range[2]), data.length - 1) : data.length - 1;
    return reply.send(206, { ...headers, 'content-range':
        `bytes ${range[1]}-${end}/${data.length}` }, data.subarray(Number(range[1]), end + 1));
}

/** Is this /files call signed with the sandbox's token? */
function isSigned(sandbox, call) {
    const { query } = call;
    if (!query.has('signature')) return false;
    const until = query.get('signature_expiration');
    const operation = call.method === 'GET' ? 'read' : 'write';
    const text = [query.get('path') ?? '', operation, query.get('username') ?? '',
        sandbox.envdAccessToken, ...(until ? [until] : [])].join(':');
    const digest = crypto.createHash('sha256').update(text).digest('base64').replace(/=+$/, '');
    return query.get('signature') === `v1_${digest}` && !(until && until * 1000 < Date.now());
}

// ---- the file system over Connect ---------------------------------------------------------

const KINDS = [['isSymbolicLink', 'FILE_TYPE_SYMLINK', 'l'], ['isDirectory', 'FILE_TYPE_DIRECTORY',
    'd'], ['isFile', 'FILE_TYPE_FILE', '-']];

/** proto3 JSON: what is zero or empty is left out, 64-bit numbers are text. */
async function entryOf(here, inside) {
    const stat = await fs.lstat(here);
    const [, type, letter] = KINDS.find(([test]) => stat[test]()) ?? [null, undefined, '?'];
    const mode = stat.mode & 0o777;
    const bits = [...mode.toString(2).padStart(9, '0')]
        .map((bit, at) => (bit === '1' ? 'rwx'[at % 3] : '-')).join('');
    const target = letter === 'l' ? await fs.readlink(here) : undefined;
    return { name: path.posix.basename(inside), ...(type && { type }), path: inside,
        ...(stat.size && { size: `${stat.size}` }), mode, permissions: letter + bits,
        owner: 'user', group: 'user', modifiedTime: stat.mtime.toISOString(),
        ...(target && { symlinkTarget: target }) };
}

async function existing(sandbox, name, options) {
    const here = await sandbox.box.locate(name ?? '', options);
    if (!here || !(await fs.lstat(here).catch(() => null)))
        throw new RpcError('not_found', `path '${name}' not found`);
    return here;
}

async function walk(here, inside, depth, entries) {
    for (const name of (await fs.readdir(here)).sort()) {
        const [file, shown] = [path.join(here, name), path.posix.join(inside, name)];
        const entry = await entryOf(file, shown);
        entries.push(entry);
        if (depth > 1 && entry.type === 'FILE_TYPE_DIRECTORY')
            await walk(file, shown, depth - 1, entries);
    }
}

const FILESYSTEM = {
    async ListDir(sandbox, { path: name, depth = 1 }) {
        if (!sandbox.box) return {};
        const here = await existing(sandbox, name);
        if (!(await fs.stat(here)).isDirectory())
            throw new RpcError('invalid_argument', `path '${name}' is not a directory`);
        const entries = [];
        await walk(here, sandbox.box.absolute(name), depth || 1, entries);
        return entries.length ? { entries } : {};
    },
    async Stat(sandbox, { path: name }) {
        const here = await existing(sandbox, name, { last: false });
        return { entry: await entryOf(here, sandbox.box.absolute(name)) };
    },
    async MakeDir(sandbox, { path: name }) {
        const here = await sandbox.box.locate(name ?? '');
        if (!here) throw new RpcError('permission_denied', `'${name}' can not be made`);
        const stat = await fs.stat(here).catch(() => null);
        if (stat) throw new RpcError(stat.isDirectory() ? 'already_exists' : 'invalid_argument',
            `'${name}' exists already`);
        await fs.mkdir(here, { recursive: true });
        return { entry: await entryOf(here, sandbox.box.absolute(name)) };
    },
    async Move(sandbox, { source, destination }) {
        const from = await existing(sandbox, source, { last: false });
        const to = await sandbox.box.locate(destination ?? '');
        if (!to) throw new RpcError('permission_denied', `'${destination}' can not be made`);
        await fs.mkdir(path.dirname(to), { recursive: true });
        await fs.rename(from, to);
        return { entry: await entryOf(to, sandbox.box.absolute(destination)) };
    },
    async Remove(sandbox, { path: name }) {
        const here = await existing(sandbox, name, { last: false });
        await fs.rm(here, { recursive: true });
        return {};
    },
};

// ---- the Connect protocol -----------------------------------------------------------------

async function unary(sandbox, call, reply, method) {
    const type = (call.headers['content-type'] ?? '').split(';')[0];
    if (type !== 'application/json') return reply.send(415, { 'accept-post': 'application/json' });
    try {
        if (!USERS.includes(userOf(call)))
            throw new RpcError('unauthenticated', 'there is no such user');
        const body = call.json();
        if (!body) throw new RpcError('invalid_argument', 'the body is not JSON');
        return reply.json(200, await method(sandbox, body));
    } catch (error) {
        const code = error.code in STATUS ? error.code : 'internal';
        return reply.json(STATUS[code], { code, message: error.message });
    }
}

function rpc(sandbox, call, reply) {
    const [, service, name] = call.path.split('/');
    const method = service === 'filesystem.Filesystem' ? FILESYSTEM[name]
        : processes.unary[name];
    if (method) return unary(sandbox, call, reply, method);
    const stream = service === 'process.Process' && processes.streams[name];
    if (!stream) return reply.json(501, { code: 'unimplemented', message: `${name} is unknown` });
    if (!/^application\/connect\+json/.test(call.headers['content-type'] ?? ''))
        return reply.send(415, { 'accept-post': 'application/connect+json' });
    return stream(sandbox, call, reply, userOf(call));
}

const ROUTES = {
    'GET /metrics': (sandbox, call, reply) => {
        const mib = 1024 * 1024;
        reply.json(200, { ts: Math.floor(Date.now() / 1000), cpu_count: sandbox.cpuCount,
            cpu_used_pct: 1.5, mem_total: sandbox.memoryMB * mib, mem_used: 100 * mib,
            mem_cache: 20 * mib, mem_total_mib: sandbox.memoryMB, mem_used_mib: 100,
            disk_used: 900 * mib, disk_total: sandbox.diskSizeMB * mib });
    },
    'GET /envs': (sandbox, call, reply) => reply.json(200, sandbox.envVars),
    'GET /files': download,
    'POST /files': upload,
};

/** Answers one call to envd. */
export async function envd(sandbox, call, reply) {
    const name = `${call.method} ${call.path}`;
    if (name === 'GET /health') return reply.send(204, {});
    const token = call.headers['x-access-token'];
    const signed = call.path === '/files' && isSigned(sandbox, call);
    if (sandbox.envdAccessToken && token !== sandbox.envdAccessToken && !signed)
        return refuse(reply, 401, 'the access token is missing or wrong');
    if (/^\/(process\.Process|filesystem\.Filesystem)\/\w+$/.test(call.path)
        && call.method === 'POST') return rpc(sandbox, call, reply);
    const action = ROUTES[name];
    if (!action) return refuse(reply, 404, 'not found');
    if (!USERS.includes(call.query.get('username') ?? ''))
        return refuse(reply, 401, 'there is no such user');
    try {
        return await action(sandbox, call, reply);
    } catch (error) {
        return refuse(reply, STATUS[error.code] ?? 500, error.message);
    }
}
