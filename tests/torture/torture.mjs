// Fails one call after the other of each family in each scenario of the table. Each trial: no
// crash, no sanitizer report, a failure that is told, and in the database nothing or the whole.
//   TORTURE=full  up to 400 calls of each row and family, else 4      SEED=N  which ones
//   ONLY=part     only scenarios with that in their name              FAMILY=redis  only that one
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomInt } from 'node:crypto';
import { Random } from '../fault/random.mjs';
import { until } from '../flow/stack.mjs';
import { Bed, difference } from './bed.mjs';
import { judge } from './judge.mjs';
import { numbers } from './numbers.mjs';
import { scenarios } from './scenarios.mjs';

const { ONLY = '', FAMILY = '' } = process.env;
const SEED = Number(process.env.SEED || randomInt(2 ** 31));
const MOST = process.env.TORTURE === 'full' ? 400 : 4;
const NEVER = 2 ** 40; // counts the calls; no run has as many
// How many are counted at least: what is made behind the answer, and, of Redis, by readers that
// never rest. One line of the log; all that announces a change.
const BEHIND = { write: 1, redis: 8 };
const sum = { passed: 0, failed: 0, skipped: 0, trials: 0, fired: 0, told: 0 };
const say = (line) => process.stdout.write(`${line}\n`);

// Each process that a sanitizer has something to say of leaves a file here.
const folder = mkdtempSync(path.join(tmpdir(), 'countersign-torture-'));
const reports = path.join(folder, 'reports');
chmodSync(folder, 0o755);
mkdirSync(reports);
chmodSync(reports, 0o1777); // the programs run as several users
process.env.ASAN_OPTIONS = `log_path=${reports}/report:print_suppressions=0`;
process.env.UBSAN_OPTIONS = `${process.env.ASAN_OPTIONS}:print_stacktrace=1`;

const whole = (name) => readFileSync(path.join(reports, name), 'utf8');
const report = (name) => whole(name).slice(0, 3000);
const reported = () => readdirSync(reports);

// Whole ones: a process may serve on while it writes down what ends it.
async function newReports(known) {
    const made = reported().filter((name) => !known.includes(name));
    for (const name of made)
        await until(() => /^SUMMARY: /m.test(whole(name)), `the end of ${name}`);
    return made;
}

// Until the api has made so many calls: it goes on behind its answer, and each question is logged.
const follow = (bed, plan, calls) => until(async () => {
    if (plan.read().seen >= calls) return true;
    await bed.client().get('/readyz').catch(() => {}); // cut: the end of the trial says why
    return plan.read().seen >= calls;
}, 'its calls');

async function trial(bed, scenario, family, nth, change) {
    const given = await scenario.ready?.(bed);
    const before = await bed.rows();
    const known = reported();
    const shared = bed.plans[scenario.api ? 'api' : 'program'];
    shared.set(family, nth);
    const outcome = await scenario.run(bed, given);
    if (scenario.api && BEHIND[family])
        await follow(bed, shared, nth === NEVER ? BEHIND[family] : nth);
    const plan = shared.end();
    const made = await newReports(known);
    const ended = scenario.api ? await bed.revive() : null;
    let wrong = await judge(bed, { before, whole: change, outcome, plan, family, ended });
    if (!wrong && family === 'redis') await bed.announces();
    made.push(...await newReports([...known, ...made]));
    for (const name of made) wrong = `${wrong}\n${report(name)}`;
    return { ...plan, outcome, wrong };
}

function count(tried, { fired, outcome, wrong }) {
    tried.trials++;
    tried.fired += fired ? 1 : 0;
    tried.told += fired && !outcome.ok ? 1 : 0;
    tried.wrong += wrong ? 1 : 0;
}

async function tortureFamily(bed, scenario, family, change) {
    const random = new Random(SEED);
    const row = `${scenario.name}, ${family}`;
    await scenario.run(bed, await scenario.ready?.(bed)); // opens what was cut before
    const calm = await trial(bed, scenario, family, NEVER, change);
    const tried = { trials: 0, fired: 0, told: 0, wrong: 0 };
    const complain = (nth, wrong) => wrong && say(`# ${row} ${nth}: ${wrong}`);
    complain('undisturbed', calm.wrong);
    for (const nth of numbers(calm.seen, MOST, random)) {
        const result = await trial(bed, scenario, family, nth, change);
        count(tried, result);
        complain(nth, result.wrong);
    }
    // A row that makes none of these calls, or where none could be made to fail, proves nothing.
    const fine = !calm.wrong && !tried.wrong && tried.fired > 0;
    for (const name of ['trials', 'fired', 'told']) sum[name] += tried[name];
    sum[fine ? 'passed' : 'failed']++;
    say(`${fine ? 'ok' : 'not ok'} ${row}: ${calm.seen} calls, ${tried.trials} tried, `
        + `${tried.fired} failed, ${tried.told} told, ${tried.wrong} wrong`);
}

async function torture(bed, scenario) {
    const given = await scenario.ready?.(bed);
    const before = await bed.rows();
    const outcome = await scenario.run(bed, given);
    const change = difference(before, await bed.rows());
    const families = scenario.families.filter((family) => family.includes(FAMILY));
    if (!outcome.ok) {
        sum.failed += families.length;
        say(`not ok ${scenario.name}: ${JSON.stringify(outcome)}`);
        return;
    }
    for (const family of families) {
        try {
            await tortureFamily(bed, scenario, family, change);
        } catch (error) {
            sum.failed++;
            say(`not ok ${scenario.name}, ${family}: ${error.stack}`);
        }
    }
}

say(`seed ${SEED}; again: SEED=${SEED} make torture`);
const bed = await Bed.open(folder);
for (const scenario of scenarios.filter(({ name }) => name.includes(ONLY)))
    await torture(bed, scenario);
await bed.close();
const left = reported();
for (const name of left.slice(0, 10)) say(report(name));
rmSync(folder, { recursive: true });
if (left.length && !sum.failed) sum.failed++;
say(`${sum.trials} trials, ${sum.fired} calls failed, ${sum.told} times told, `
    + `${left.length} reports of the sanitizers`);
say(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed ? 1 : 0);
