// The kill matrix at E2B.
import { startE2b } from '../fake/e2b.mjs';
import { killMatrix } from './remote_kill.mjs';

killMatrix({
    name: 'e2b', column: 0, start: startE2b, image: 'code-interpreter-v1',
    left: (fake) => fake.sandboxes.size,
    made: (fake) => fake.created,
    starts: (fake) => fake.executions.length,
    sweeps: (calls) => calls.filter((call) => call.method === 'GET'
        && call.path === '/v2/sandboxes' && !/attempt|preflight/.test(`${call.query}`)).length,
});
