// The kill matrix at Daytona.
import { startDaytona } from '../fake/daytona.mjs';
import { killMatrix } from './remote_kill.mjs';

killMatrix({
    name: 'daytona', column: 1, start: startDaytona, image: 'daytona-small',
    left: (fake) => fake.left().length,
    made: (fake) => fake.creates,
    starts: (fake) => fake.executions,
    sweeps: (calls) => calls.filter((call) => call.method === 'GET'
        && /\/sandbox(\/paginated)?$/.test(call.path)
        && !/attempt|preflight/.test(`${call.query}`)).length,
});
