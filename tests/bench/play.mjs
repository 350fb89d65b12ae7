// The played services as processes of their own: those that answer at once and run nothing
// (instant.c), and those of tests/fake.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { root } from '../flow/stack.mjs';

/** {url, env, pid, calls(sinceMs), stop()}. A call is {method, path, beganMs, tookMs, ...}. */
async function play(program, words) {
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise((done, failed) => {
        child.once('error', failed)
            .once('exit', () => failed(new Error(`${program} ${words[0]} ended`)));
        readline.createInterface(child.stdout).once('line', done);
    });
    const said = JSON.parse(line);
    const at = (way) => new URL(`/_fake/${way}`, said.url);
    return {
        ...said, pid: child.pid,
        calls: async (since = 0) => (await (await fetch(at(`calls?since=${Math.floor(since)}`)))
            .json()).calls.filter((call) => call.beganMs > since),
        /** Where it holds what is run: lets that end which runs now. */
        release: () => fetch(at('release'), { method: 'POST' }),
        stop() {
            child.removeAllListeners('exit');
            child.stdin.end();
        },
    };
}

/** The compiled one; with `hold`, what is run goes on until release(). */
export const playInstant = (service, { hold = false } = {}) =>
    playService(service, hold ? ['hold'] : []);

export const playService = (service, words) =>
    play(path.join(root, 'build/bench/instant'), [service, ...words]);

/** The one of tests/fake, which can also play TLS. */
export const playFake = (service, options = {}) =>
    play('node', [path.join(root, `tests/fake/${service}.mjs`),
        ...Object.entries({ log: false, keep: 20000, ...options })
            .map(([name, value]) => `${name}=${JSON.stringify(value)}`)]);
