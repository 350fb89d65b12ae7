// The stack that is tortured: one api with one handler, so that a connection which a failure
// spoiled meets the next trial, and nobody else who would change rows meanwhile.
import path from 'node:path';
import { build, startStack, until } from '../flow/stack.mjs';
import { Plan } from './plan.mjs';

const REPEAT_MS = 400; // longer than the api leaves Redis alone after a failure
const QUIET = { SEAL_KEY_FILE: '' }; // whoever seals makes calls of its own at any time

export class Bed {
    constructor(stack, plans) {
        Object.assign(this, { stack, plans });
    }

    /** The api has a plan of its own: it is about while a program is tortured. */
    static async open(folder) {
        const plans = Object.fromEntries(['api', 'program'].map((name) =>
            [name, new Plan(path.join(folder, name))]));
        const stack = await startStack({
            workers: 0, bin: path.join(build, 'torture'),
            env: { COUNTERSIGN_TORTURE: plans.api.path, API_HANDLERS: '1',
                MAX_WAITING_PER_PERSON: '100000' },
        });
        const bed = new Bed(stack, plans);
        await stack.restart('api', QUIET);
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

    /** Until nobody is at work in the database: a cut connection's last statement goes on there. */
    quiet() {
        return until(async () => (await this.stack.psql('superuser', `select count(*)::int as busy
            from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
            and (state is distinct from 'idle'
                or application_name not in ('psql', 'countersign-api'))`))[0].busy === 0,
        'an idle database');
    }

    async rows() {
        await this.quiet();
        return (await this.stack.psql('superuser', this.count))[0];
    }

    /** How the api ended, which it may for want of memory, having said so; then it runs again. */
    async revive() {
        const child = () => this.stack.children.get('api');
        await until(async () => child().ended || (!this.plans.api.read().ending
            && (await fetch(`${this.stack.url}/readyz`).catch(() => null))?.status === 200),
        'the api or its end');
        const { ended } = child();
        if (ended) await this.stack.start('api', QUIET);
        return ended;
    }

    async submit(title) {
        const answer = await this.ana.post('/api/requests',
            { title, language: 'python', code: 'print(1)' });
        if (answer.status !== 201) throw new Error(`submit: ${answer.status} ${answer.text}`);
        return answer.body.id;
    }

    /** Until a new request is announced through Redis again, and told to those who listen. */
    async announces() {
        const events = await this.rob.events();
        const told = new Set();
        const reading = (async () => {
            for (let event; (event = await events.next());) told.add(event.data?.id);
        })().catch(() => {}); // closed below
        const announced = async (id) => {
            const newest = await this.stack.redis('xrevrange', 'events', '+', '-', 'count', '1');
            return newest.includes(`"id":${id},`) || newest.includes(`"id":${id}}`);
        };
        let id, next = 0;
        await until(async () => {
            if (performance.now() >= next) id = await this.submit('Heard');
            if (performance.now() >= next) next = performance.now() + REPEAT_MS;
            return told.has(id) && announced(id);
        }, 'an event');
        events.close();
        await reading;
    }

    async close() {
        await this.stack.stop();
        for (const plan of Object.values(this.plans)) plan.close();
    }
}

/** What one count has more of than an earlier one: {table: rows}. */
export function difference(before, after) {
    return Object.fromEntries(Object.keys(before).filter((name) => before[name] !== after[name])
        .map((name) => [name, after[name] - before[name]]));
}
