// One trial: people at work, one or two faults among it, recovery, and all checks.
import { until } from '../flow/stack.mjs';
import { Caller, Journal } from './caller.mjs';
import * as check from './check.mjs';
import { chosen } from './matrix.mjs';
import { Random } from './random.mjs';
import { Cast, choose, tell } from './stories.mjs';

const RARE = /login|settle|run_again|output_cap|cancel\.seen|remote\.poll|undo|revise/;
const ROUNDS = 3; // of stories, until every point that is armed has been passed
const LOOK_MS = 200; // between two looks at the database
const SANDBOX_EACH = 10; // trials after which no sandbox may be left

export class Trial {
    constructor(stage, seed, seen) {
        Object.assign(this, { stage, seed, seen, struck: [], more: [], told: false });
        this.random = new Random(seed);
        this.journal = new Journal();
        this.deeds = chosen(seed, this.random);
        this.over = () => this.told;
    }

    /** Notes the moment at which a fault struck; somebody submits much just then. */
    fired(point) {
        this.struck.push({ at: Date.now(), point });
        this.more.push(tell(this.cast, ['ballast', 'plain'], { atOnce: 2 }));
    }

    /** At the how many-th passing at most a point is to act. */
    most(point) {
        return RARE.test(point) ? 1 : 5;
    }

    /** Some time among the stories, told by how many of them have ended. */
    moment() {
        const when = this.random.between(0, Math.floor(this.stories.length / 2));
        return until(() => this.cast.ended >= when || this.told, 'the stories to go on');
    }

    people() {
        const { stage, journal } = this;
        const person = (login) => new Caller(stage.stack.url, stage.tokens[login].token, journal,
            { id: stage.tokens[login].id });
        return new Cast({ seed: this.seed, random: this.random, journal,
            authors: ['ana', 'ben', 'cia'].map(person), reviewers: ['rob', 'sue'].map(person),
            admin: new Caller(stage.stack.url, '', journal, stage.admin),
            login: { Caller, words: stage.login } });
    }

    async work() {
        await tell(this.cast, ['ballast']);
        for (let round = 0; round < ROUNDS; round++) {
            await tell(this.cast, this.stories);
            if (this.struck.length >= this.deeds.length || this.journal.wrong.length > 0) break;
        }
        this.told = true;
    }

    /** What the people did and what was done to them. */
    async play() {
        await Promise.all([this.work(), ...this.deeds.map((deed) => this.act(deed))]);
        await this.stage.recover();
        await Promise.all(this.more);
    }

    async act(deed) {
        try {
            await deed.act(this);
        } catch (error) {
            // Of two faults one may take away what the other needs.
            if (this.deeds.length === 1) this.journal.wrong.push(`${deed.name}: ${error.stack}`);
        }
    }

    /** {line, wrong, compared, near, lost, starts, double, points}. */
    async run() {
        const { stage } = this;
        await stage.have(1 + Math.floor(this.seed / 10) % 4);
        const [{ first }] = await stage.stack.psql('superuser',
            'select coalesce(max(id), 0) + 1 as first from cs.request');
        this.stories = choose(this.random);
        this.cast = this.people();
        await this.play();
        return this.judge(first);
    }

    async judge(first) {
        const { stage, journal } = this;
        const wrong = journal.wrong;
        await until(async () => await check.underWay(stage, first) === 0, 'the last run', LOOK_MS)
            .catch((error) => wrong.push(`I10: ${error.message}`));
        const found = await check.look(stage, first);
        const acks = check.acknowledgements(journal, found, this.struck);
        const started = check.starts(await stage.starts(), found, this.seen);
        wrong.push(...acks.lost.map((ack) => `I4: lost ${JSON.stringify(ack)}`), ...started.wrong,
            ...check.onceOnly(journal, found, this.cast.again),
            ...await check.violations(stage, first));
        if (started.double > 0) wrong.push(`I3: ${started.double} double starts`);
        if (this.seed % SANDBOX_EACH === 0)
            await until(async () => await stage.sandboxes() === 0, 'the last sandbox', LOOK_MS)
                .catch(() => wrong.push('I9: a sandbox is left at the service'));
        return { ...acks, lost: acks.lost.length, ...started, wrong, deeds: this.deeds,
                 points: this.struck.map(({ point }) => point).filter(Boolean),
                 fired: this.struck.length, tries: journal.tries };
    }
}
