// The calls that workers make to a sandbox service, as their logs tell them.
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const LOOK_MS = 20;
const PATH_MAX = 52;

/** Tells each call of a worker's log from now on, with the time it ended. */
export async function watchCalls(folder, tell) {
    const names = (await readdir(folder)).filter((name) => /^worker.*\.log$/.test(name));
    const logs = await Promise.all(names.map((name) => follow(join(folder, name))));
    const look = () => Promise.all(logs.map((log) => log.read((line) => see(line, tell))));
    await Promise.all(logs.map((log) => log.read(() => {})));
    let looking = Promise.resolve();
    const timer = setInterval(() => (looking = looking.then(look)), LOOK_MS);
    return {
        async stop() {
            clearInterval(timer);
            await looking.then(look);
            await Promise.all(logs.map((log) => log.close()));
        },
    };
}

/** A file that grows: `read` tells the lines that were added since. */
async function follow(path) {
    const file = await open(path);
    const part = Buffer.alloc(65536);
    let text = '';
    return {
        async read(tell) {
            for (;;) {
                const { bytesRead } = await file.read(part, 0, part.length, null);
                if (!bytesRead) return;
                const lines = (text + part.toString('utf8', 0, bytesRead)).split('\n');
                text = lines.pop();
                lines.forEach(tell);
            }
        },
        close: () => file.close(),
    };
}

function see(line, tell) {
    if (!line.includes('"http.call"')) return;
    const { ts, method, path, status, ms, text } = JSON.parse(line);
    tell({ method, path: shorten(path), status, ms, text }, new Date(ts));
}

/** Ids are long; their beginnings tell them apart. */
function shorten(path) {
    const parts = path.split('/').map((part) =>
        (part.length > 20 && /\d/.test(part) ? `${part.slice(0, 8)}…` : part));
    const whole = parts.join('/');
    return whole.length > PATH_MAX ? `${whole.slice(0, PATH_MAX - 1)}…` : whole;
}
