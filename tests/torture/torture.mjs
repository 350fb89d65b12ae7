// Fails the first, second, … call of each family in each scenario of the table, until a run goes
// through without the failure. Each trial: no crash, no sanitizer report, a failure that is told,
// and in the database nothing or the whole.
import { mkdtempSync, chmodSync, readdirSync, readFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { build, startStack, until } from '../flow/stack.mjs';
import { Plan } from './plan.mjs';
import { scenarios } from './scenarios.mjs';

const all = process.env.TORTURE === 'full';
const only = process.env.ONLY ?? '';
// Trials of each family of each scenario. Signing in to PostgreSQL alone allocates 32,000 times.
const MOST = all ? 400 : 6;
const NEVER = 2 ** 40; // counts the calls; no run has as many
const OUT_OF_MEMORY = 'memory.none'; // what our own allocations say before they give up
const sum = { passed: 0, failed: 0, skipped: 0 };

const folder = mkdtempSync(path.join(tmpdir(), 'countersign-torture-'));
chmodSync(folder, 0o755);
const reports = process.env.REPORTS;

class Bed {
    constructor(stack, plans) {
        Object.assign(this, { stack, plans });
    }

    // The api has a plan of its own: it is about while a program is tortured.
    static async open() {
        const plans = Object.fromEntries(['api', 'program'].map((name) =>
            [name, new Plan(path.join(folder, name))]));
        const stack = await startStack({
            workers: 0, bin: path.join(build, 'torture'),
            // One handler: a connection that a failure spoiled meets the next trial.
            env: { COUNTERSIGN_TORTURE: plans.api.path, API_HANDLERS: '1' },
        });
        const bed = new Bed(stack, plans);
        await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
        bed.ana = await stack.signIn('ana');
        bed.rob = await stack.signIn('rob');
        await bed.prepareCount();
        return bed;
    }

    client() {
        return this.stack.client();
    }

    // Rows of every table, but for those of an upload on its way, which goes on its own.
    async prepareCount() {
        const tables = await this.stack.psql('superuser',
            `select relname as name from pg_class where relnamespace = 'cs'::regnamespace
             and relkind = 'r' and relname not in ('upload', 'upload_chunk')`);
        this.count = `select ${tables.map(({ name }) =>
            `(select count(*) from cs.${name}) as ${name}`).join(', ')}`;
    }

    async rows() {
        return (await this.stack.psql('superuser', this.count))[0];
    }

    /** True when the api had died, which it may for want of memory, having said so. */
    async revive() {
        const child = () => this.stack.children.get('api');
        await until(async () => child().ended
            || (await fetch(`${this.stack.url}/readyz`).catch(() => null))?.status === 200,
        'the api or its end');
        const { ended } = child();
        if (ended) await this.stack.start('api');
        return ended;
    }
}

function difference(before, after) {
    return Object.fromEntries(Object.keys(before).filter((name) => before[name] !== after[name])
        .map((name) => [name, after[name] - before[name]]));
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const reported = () => (reports ? readdirSync(reports) : []);

const diedOfMemory = (end, said) => [constants.signals.SIGABRT, 'SIGABRT'].includes(end.signal)
    && said.includes(OUT_OF_MEMORY);

// What is wrong with what came of it, or ''.
async function judge(bed, { scenario, before, whole, outcome, fired, family, ended }) {
    const said = ended ? await bed.stack.log('api') : outcome.said ?? '';
    const end = ended ?? outcome;
    if (end.signal && !(family === 'memory' && diedOfMemory(end, said)))
        return `ended by ${end.signal}: ${said.slice(-600)}`;
    if (!fired && !outcome.ok) return `failed though nothing did: ${outcome.text ?? said}`;
    if (!outcome.ok && !outcome.told && !end.signal)
        return `a failure that was not told: ${outcome.text ?? `${outcome.code} ${said}`}`;
    let made;
    const settled = async () => {
        made = difference(before, await bed.rows());
        return same(made, whole) || (!outcome.ok && same(made, {}));
    };
    if (!await until(settled, 'a whole change or none').catch(() => false))
        return `${outcome.ok ? 'done' : 'failed'}, but in the database is ${JSON.stringify(made)}`
            + ` instead of ${JSON.stringify(whole)} (${scenario.name})`;
    return '';
}

async function trial(bed, scenario, family, nth, whole) {
    const given = await scenario.ready?.(bed);
    const before = await bed.rows();
    const known = reported().length;
    const plan = bed.plans[scenario.api ? 'api' : 'program'];
    plan.set(family, nth);
    const outcome = await scenario.run(bed, given);
    const { seen, fired } = plan.end();
    const ended = scenario.api ? await bed.revive() : null;
    let wrong = await judge(bed, { scenario, before, whole, outcome, fired, family, ended });
    const news = reported().slice(known);
    if (news.length)
        wrong ||= readFileSync(path.join(reports, news[0]), 'utf8').slice(0, 3000);
    return { seen, fired, wrong };
}

/** All of them up to the most; else the first ones and some from there to the last. */
function* numbers(seen) {
    if (seen <= MOST) {
        for (let n = 1; n <= seen; n++) yield n;
        return;
    }
    const first = MOST >> 1;
    for (let n = 1; n <= first; n++) yield n;
    for (let i = 1; i <= MOST - first; i++)
        yield first + Math.round((i * (seen - first)) / (MOST - first));
}

async function tortureFamily(bed, scenario, family, whole) {
    const calm = await trial(bed, scenario, family, NEVER, whole);
    const tried = { trials: 0, fired: 0, failed: calm.wrong ? 1 : 0 };
    if (calm.wrong) process.stdout.write(`# ${scenario.name}: ${calm.wrong}\n`);
    for (const nth of numbers(calm.seen)) {
        const { fired, wrong } = await trial(bed, scenario, family, nth, whole);
        tried.trials++;
        tried.fired += fired ? 1 : 0;
        if (!wrong) continue;
        tried.failed++;
        process.stdout.write(`# ${scenario.name}, ${family} ${nth}: ${wrong}\n`);
    }
    const name = tried.failed ? 'failed' : calm.seen ? 'passed' : 'skipped';
    sum[name === 'skipped' ? 'passed' : name]++;
    process.stdout.write(`${name === 'failed' ? 'not ok' : 'ok'} ${scenario.name}, ${family}: `
        + `${calm.seen} calls, ${tried.trials} trials, ${tried.fired} fired, `
        + `${tried.failed} wrong\n`);
    return tried;
}

async function torture(bed, scenario) {
    const given = await scenario.ready?.(bed);
    const before = await bed.rows();
    const outcome = await scenario.run(bed, given);
    const whole = difference(before, await bed.rows());
    if (!outcome.ok) {
        sum.failed++;
        process.stdout.write(`not ok ${scenario.name}: ${JSON.stringify(outcome)}\n`);
        return 0;
    }
    let trials = 0;
    for (const family of scenario.families)
        trials += (await tortureFamily(bed, scenario, family, whole)).fired;
    return trials;
}

const bed = await Bed.open();
let fired = 0;
for (const scenario of scenarios.filter(({ name }) => name.includes(only)))
    fired += await torture(bed, scenario);
await bed.stack.stop();
const wrong = reported();
for (const name of wrong.slice(0, 10))
    process.stdout.write(readFileSync(path.join(reports, name), 'utf8'));
if (wrong.length) sum.failed++;
process.stdout.write(`${fired} failures made, ${wrong.length} reports of the sanitizers\n`
    + `${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
process.exit(sum.failed ? 1 : 0);
