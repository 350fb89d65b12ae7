// Sandboxes of a service: the real one when its key is set, else the server that plays it.
//
//     node tools/demo/services.mjs e2b COMMAND…
//
// Runs the command with what a worker needs to go there; ends with the command's status.
import { spawn } from 'node:child_process';

const known = {
    e2b: { name: 'E2B', key: 'E2B_API_KEY', file: 'e2b.mjs', start: 'startE2b' },
    daytona: { name: 'Daytona', key: 'DAYTONA_API_KEY', file: 'daytona.mjs',
               start: 'startDaytona' },
};

async function open({ name, key, file, start }) {
    if (process.env[key] || process.env[`${key}_FILE`])
        return { env: {}, where: `${name}, with the key in ${key}.`, stop() {} };
    const service = await (await import(`../../tests/fake/${file}`))[start]();
    const where = `a server that plays ${name} (no ${key}): ${service.url}`;
    return { env: service.env, where, stop: () => service.stop() };
}

/** Resolves with the command's exit status. Signals reach it from the terminal too. */
function run([program, ...words], env) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, words, { stdio: 'inherit', env });
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
            process.on(signal, () => child.kill(signal));
        child.on('error', reject);
        child.on('exit', (code, signal) => resolve(signal ? 143 : code));
    });
}

const [sandbox, ...command] = process.argv.slice(2);
const service = await open(known[sandbox]);
const status = await run(command, {
    LOG_LEVEL: 'debug', // tells each call to the service
    ...process.env, ...service.env, SANDBOX: sandbox, COUNTERSIGN_DEMO_SERVICE: service.where,
});
await service.stop();
process.exit(status);
