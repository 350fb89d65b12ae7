// Follows a request while it moves: the api's event stream, and the hints in Redis.
import { spawn } from 'node:child_process';

const FINAL = ['succeeded', 'failed', 'rejected', 'cancelled', 'expired', 'outcome_unknown'];

/**
 * Tells each new line of a request's activity. Resolves once the stream is open, with
 * {end: promise of the request once it is over, look(before), stop()}.
 */
export async function watchRequest(session, id, tell) {
    let told = 0;
    let over;
    const end = new Promise((resolve, reject) => (over = { resolve, reject }));
    // One look at a time; an event that comes meanwhile causes another.
    let looking = Promise.resolve();
    const look = (before = null) => (looking = looking.then(async () => {
        const detail = await session.get(`/api/requests/${id}`);
        while (told < detail.activity.length) {
            const line = detail.activity[told];
            if (before && new Date(line.at) > before) return;
            tell(line);
            told += 1;
        }
        if (FINAL.includes(detail.state)) over.resolve(detail);
    }).catch(over.reject));
    const before = await session.get(`/api/requests/${id}`);
    told = before.activity.length;
    const stop = await session.follow(`/api/requests/${id}/events`, () => look());
    // The stream is the fast way; the long poll sees the end even where Redis is away.
    session.get(`/api/requests/${id}?wait=60&until=done`).then(() => look(), over.reject);
    return { end, look, stop };
}

/** Tells what is pushed to the queues, as Redis sees it. */
export async function watchQueues(tell) {
    const monitor = spawn('redis-cli', [...place(process.env.REDIS_URL), 'monitor'],
        { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    const ready = new Promise((resolve) => {
        monitor.on('exit', resolve);
        monitor.on('error', resolve);
        monitor.stdout.on('data', (part) => {
            const lines = (text + part).split('\n');
            text = lines.pop();
            for (const line of lines) {
                if (line === 'OK') resolve();
                const push = /^([\d.]+) .*"(LPUSH)" "[^"]*(queue:[a-z:]+)" "(\d+)"/i.exec(line);
                if (push) tell(`redis                ${push.slice(2).join(' ')}`,
                               new Date(push[1] * 1000));
            }
        });
    });
    await ready;
    return { stop: () => monitor.kill() };
}

function place(url) {
    if (url.startsWith('unix://')) return ['-s', url.slice('unix://'.length)];
    return ['-u', url];
}
