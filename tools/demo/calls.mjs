// The calls that workers make to a sandbox service, as their logs tell them.
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const LOOK_MS = 20;
const PATH_MAX = 50;
const GONE_MS = 10000; // how long the sandbox's removal is waited for

/** Tells each call of a worker's log from now on, with the time it ended; `tell` gives a promise.
 *  `removed` resolves once a sandbox was removed. */
export async function watchCalls(folder, tell) {
    const names = (await readdir(folder)).filter((name) => /^worker.*\.log$/.test(name));
    const logs = await Promise.all(names.map((name) => follow(join(folder, name))));
    let telling = Promise.resolve();
    let gone;
    const removed = new Promise((resolve) => (gone = resolve));
    setTimeout(gone, GONE_MS).unref();
    const told = (call, at) => {
        telling = telling.then(() => tell(call, at));
        if (call.method === 'DELETE') telling.then(gone);
    };
    const look = () => Promise.all(logs.map((log) => log.read((line) => see(line, told))));
    await Promise.all(logs.map((log) => log.read(() => {})));
    let looking = Promise.resolve();
    const timer = setInterval(() => (looking = looking.then(look)), LOOK_MS);
    return {
        removed,
        async stop() {
            clearInterval(timer);
            await looking.then(look);
            await telling;
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
        (part.length > 18 && /\d/.test(part) ? `${part.slice(0, 6)}…` : part));
    const whole = parts.join('/');
    if (whole.length <= PATH_MAX) return whole;
    const half = PATH_MAX / 2;
    return `${whole.slice(0, half - 1)}…${whole.slice(-half)}`;
}
