// Processor time of the api and of PostgreSQL with all its back ends: what stays the same when
// somebody else keeps the machine busy.
import { readFileSync, readdirSync } from 'node:fs';

const TICK_US = 10000;

/** Fields of /proc/PID/stat behind the name: [1] parent, [11..14] user, system, and of children. */
function stat(pid) {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
}

const own = (fields) => fields[11] + fields[12];
const ended = (fields) => fields[13] + fields[14];

function children(parent) {
    let sum = 0;
    for (const name of readdirSync('/proc')) {
        if (!/^\d+$/.test(name)) continue;
        try {
            const fields = stat(name);
            if (fields[1] === parent) sum += own(fields);
        } catch {
            // It ended meanwhile, and counts with its parent's.
        }
    }
    return sum;
}

function now(stack) {
    const postgres = stack.pid('postgres');
    return { api: own(stat(stack.pid('api'))),
             database: own(stat(postgres)) + ended(stat(postgres)) + children(postgres) };
}

/** Runs `work`, which returns how much it did; microseconds of each for one of it. */
export async function processorTime(stack, work) {
    const before = now(stack);
    const count = await work();
    const after = now(stack);
    return { api: TICK_US * (after.api - before.api) / count,
             database: TICK_US * (after.database - before.database) / count };
}
