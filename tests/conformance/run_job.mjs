// build/run_job from Node: one job on one backend.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const variant = process.env.VARIANT ? `${process.env.VARIANT}/` : '';
const program = fileURLToPath(new URL(`../../build/${variant}run_job`, import.meta.url));

// What a sanitized program is told reaches it past the empty environment.
const inherited = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => name === 'PATH' || /^[A-Z]+SAN_OPTIONS$/.test(name)));

/** Resolves with the line that it printed; `begun` is given the process. */
export function runJob(backend, job, env = {}, begun = () => {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, [backend], { env: { ...inherited, ...env } });
        const streams = { stdout: [], stderr: [] };
        for (const name of Object.keys(streams))
            child[name].on('data', (part) => streams[name].push(part));
        child.on('error', reject);
        child.on('close', (code, signal) => {
            const [out, err] = Object.values(streams).map((parts) => Buffer.concat(parts) + '');
            if (code === 0) resolve({ ...JSON.parse(out), log: err });
            else reject(new Error(`run_job ${backend} ended with ${code ?? signal}: ${err}`));
        });
        begun(child);
        child.stdin.on('error', () => {}); // it ended; its code says why
        child.stdin.end(JSON.stringify(job));
    });
}

/** A program of ours as a job. */
export function jobOf({ language = 'python', code, input = {}, limits = {}, cancel_on_output }) {
    const files = Object.entries(input).map(([name, data]) =>
        ({ name, base64: Buffer.from(data).toString('base64') }));
    return { language, code, files, limits: { wall_ms: 60000, ...limits },
             ...(cancel_on_output && { cancel_on_output }) };
}
