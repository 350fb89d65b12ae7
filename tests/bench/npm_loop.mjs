// The service's own npm client in a loop: create, run, kill, so many at once. Prints {perSecond}.
//
//     node tests/bench/npm_loop.mjs e2b AT_ONCE RUNS      with E2B_API_URL and so on
import { npmClient } from '../fake/npm_client.mjs';

const loops = {
    async e2b() {
        const { Sandbox } = await npmClient('@e2b/code-interpreter');
        return async () => {
            const sandbox = await Sandbox.create();
            await sandbox.runCode('print(6 * 7)');
            await sandbox.kill();
        };
    },
    async daytona() {
        const { Daytona } = await npmClient('@daytona/sdk');
        const daytona = new Daytona();
        return async () => {
            const sandbox = await daytona.create({ language: 'python' });
            await sandbox.process.codeRun('print(6 * 7)');
            await sandbox.delete();
        };
    },
};

const [service, atOnce, runs] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const once = await loops[service]();
let left = runs;
const loop = async () => {
    while (left-- > 0) await once();
};
await once(); // what is made ready by the first is not counted
const began = performance.now();
await Promise.all(Array.from({ length: atOnce }, loop));
process.stdout.write(`${JSON.stringify({
    perSecond: (1000 * runs) / (performance.now() - began) })}\n`);
process.exit(0);
