// The files of a sandbox as Daytona's toolbox shows them.
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { multipart, partsOf } from './multipart.mjs';
import { ToolboxError } from './daytona_error.mjs';

const BOUNDARY = 'DAYTONA-FILE-BOUNDARY';

const missing = (name) => new ToolboxError(404, `open ${name}: no such file or directory`,
    'FILE_NOT_FOUND');
const bad = (text) => new ToolboxError(400, text, 'BAD_REQUEST');

/** Files in a box, by their path inside. */
export class BoxFiles {
    constructor(box) {
        this.box = box;
    }

    async here(inside) {
        const found = await this.box.locate(inside);
        if (!found) throw new ToolboxError(403, `${inside}: permission denied`, 'FORBIDDEN');
        return found;
    }

    async read(inside) {
        try {
            return await fs.readFile(await this.here(inside));
        } catch (error) {
            if (error.code === 'EISDIR') throw bad(`${inside} is a directory`);
            throw error.code ? missing(inside) : error;
        }
    }

    async write(inside, data) {
        const here = await this.here(inside);
        await fs.mkdir(path.dirname(here), { recursive: true });
        await fs.writeFile(here, data);
    }

    async folder(inside, mode) {
        const here = await this.here(inside);
        await fs.mkdir(here, { recursive: true });
        await fs.chmod(here, mode);
    }

    async info(inside) {
        const status = await fs.lstat(await this.here(inside)).catch(() => {
            throw missing(inside);
        });
        return describe(inside, { size: status.size, folder: status.isDirectory(),
            mode: status.mode & 0o777, at: status.mtime });
    }

    async list(inside) {
        const here = await this.here(inside);
        const names = await fs.readdir(here).catch(() => {
            throw missing(inside);
        });
        return Promise.all(names.sort().map((name) => this.info(path.posix.join(inside, name))));
    }

    async remove(inside, recursive) {
        if ((await this.info(inside)).isDir && !recursive)
            throw bad('cannot delete directory without recursive flag');
        await fs.rm(await this.here(inside), { recursive });
    }
}

/** Files in memory, where nothing runs. `answers` has what a name at the end of a path reads as
 *  when nothing was written there. */
export class MemoryFiles {
    constructor(answers) {
        Object.assign(this, { answers, all: new Map() });
    }

    async read(inside) {
        const found = this.all.get(inside) ?? this.answers[path.posix.basename(inside)];
        if (!found) throw missing(inside);
        return found;
    }

    async write(inside, data) {
        this.all.set(inside, Buffer.from(data));
    }

    async folder() {}

    async info(inside) {
        return describe(inside, { size: (await this.read(inside)).length, folder: false,
            mode: 0o644, at: new Date() });
    }

    async list(inside) {
        const names = [...this.all.keys()].filter((name) => path.posix.dirname(name) === inside);
        return Promise.all(names.map((name) => this.info(name)));
    }

    async remove(inside) {
        if (!this.all.delete(inside)) throw missing(inside);
    }
}

function describe(inside, { size, folder, mode, at }) {
    const letters = [6, 3, 0].map((shift) => ['r', 'w', 'x']
        .map((letter, bit) => (mode >> shift & 4 >> bit ? letter : '-')).join('')).join('');
    return { name: path.posix.basename(inside), path: inside, size, isDir: folder,
        mode: `${folder ? 'd' : '-'}${letters}`, permissions: `0${mode.toString(8)}`,
        owner: 'daytona', group: 'daytona', modTime: at.toISOString(),
        modifiedAt: at.toISOString() };
}

function pathOf(call) {
    const inside = call.query.get('path');
    if (!inside) throw bad('path is required');
    return inside;
}

/** Each file's path comes before its bytes; what came before a mistake stays written. */
async function bulkUpload(sandbox, call, reply) {
    const parts = partsOf(call.body, call.headers['content-type']);
    if (!parts) throw bad('request is not a whole multipart/form-data');
    const paths = new Map();
    const errors = [];
    const files = [];
    for (const part of parts) {
        const [, number, what] = /^files\[(\d+)\]\.(path|file)$/.exec(part.name) ?? [];
        if (what === 'path') paths.set(number, part.data.toString('utf8'));
        if (what !== 'file') continue;
        const to = paths.get(number);
        if (to === undefined) {
            errors.push(`file ${number} missing .path metadata`);
            continue;
        }
        try {
            await sandbox.files.write(sandbox.absolute(to), part.data);
            files.push({ path: to, bytes: part.data.length });
        } catch (error) {
            errors.push(`${to}: ${error.message}`);
        }
    }
    reply.json(errors.length ? 400 : 200, errors.length ? { errors, files } : { files });
}

async function upload(sandbox, call, reply) {
    const parts = partsOf(call.body, call.headers['content-type']);
    const raw = call.path.endsWith('-v2') && !parts ? call.body : null;
    const data = raw ?? parts?.find((part) => part.name === 'file')?.data;
    if (!data) throw bad('http: no such file');
    await sandbox.files.write(sandbox.absolute(pathOf(call)), data);
    reply.json(200, {});
}

async function download(sandbox, call, reply) {
    const inside = pathOf(call);
    const data = await sandbox.files.read(sandbox.absolute(inside));
    reply.open(200, { 'content-type': 'application/octet-stream', 'content-disposition':
        `attachment; filename="${encodeURIComponent(path.posix.basename(inside))}"` });
    reply.write(data);
    reply.end();
}

async function bulkDownload(sandbox, call, reply) {
    const wanted = call.json()?.paths;
    if (!Array.isArray(wanted) || !wanted.length) throw bad("request body must be {paths: [...]}");
    const parts = await Promise.all(wanted.map(async (inside) => {
        try {
            const data = await sandbox.files.read(sandbox.absolute(inside));
            return { name: 'file', filename: inside, type: 'application/octet-stream', data };
        } catch (error) {
            const body = { message: error.message, statusCode: error.status ?? 500,
                code: error.code ?? 'INTERNAL' };
            return { name: 'error', filename: inside, type: 'application/json',
                data: Buffer.from(JSON.stringify(body)) };
        }
    }));
    reply.send(200, { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        multipart(BOUNDARY, parts));
}

export const fileRoutes = [
    ['POST', /^\/files\/bulk-upload$/, bulkUpload],
    ['POST', /^\/files\/upload(?:-v2)?$/, upload],
    ['GET', /^\/files\/download$/, download],
    ['POST', /^\/files\/bulk-download$/, bulkDownload],
    ['GET', /^\/files$/, async (sandbox, call, reply) => reply.json(200,
        await sandbox.files.list(sandbox.absolute(call.query.get('path') || '.')))],
    ['GET', /^\/files\/info$/, async (sandbox, call, reply) => reply.json(200,
        await sandbox.files.info(sandbox.absolute(pathOf(call))))],
    ['DELETE', /^\/files$/, async (sandbox, call, reply) => {
        await sandbox.files.remove(sandbox.absolute(pathOf(call)),
            call.query.get('recursive') === 'true');
        reply.send(204, {});
    }],
    ['POST', /^\/files\/folder$/, async (sandbox, call, reply) => {
        await sandbox.files.folder(sandbox.absolute(pathOf(call)),
            parseInt(call.query.get('mode') || '755', 8));
        reply.send(201, {});
    }],
];
