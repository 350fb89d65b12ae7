// One sandbox of the Daytona that we play: its states, its files, what runs in it.
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Box } from './box.mjs';
import { BoxFiles, MemoryFiles } from './daytona_files.mjs';
import { ControlError } from './daytona_error.mjs';

const FAILED = ['error', 'build_failed'];
const ASLEEP = { stopped: 'starting', archived: 'restoring', paused: 'resuming' };

/** How a sandbox comes up: {states: those before the last, then: the last, reason: of an error}.
 *  Each time somebody looks, it is one state further. */
const READY = { states: [], then: 'started' };

export class Sandbox {
    constructor(service, body, { cpu, memory, disk, snapshot }, plan = READY) {
        const id = randomUUID();
        Object.assign(this, { service, id, name: body.name ?? id, snapshot, cpu, memory, disk,
            labels: { ...body.labels }, env: body.env ?? {}, user: body.user ?? 'daytona',
            target: body.target ?? 'us', networkBlockAll: body.networkBlockAll ?? false,
            autoStop: body.autoStopInterval ?? 15, autoArchive: body.autoArchiveInterval ?? 10080,
            autoDelete: body.autoDeleteInterval ?? -1, ttl: body.ttlMinutes ?? 0,
            createdAt: new Date(), updatedAt: new Date(), active: Date.now(),
            sessions: new Map(), box: null, files: null, doomed: null, opened: null,
            reason: plan.reason, recoverable: plan.recoverable ?? false });
        this.come([...plan.states ?? [], plan.then ?? 'started']);
    }

    /** The states that it takes, one for each look. */
    come(states) {
        [this.state, ...this.coming] = states;
        this.updatedAt = new Date();
    }

    /** What it is now; the next look sees the next. */
    look() {
        const view = this.view();
        if (this.coming.length) this.come(this.coming);
        return view;
    }

    get pending() {
        return this.coming.length > 0 || this.doomed !== null;
    }

    view(state = this.state) {
        const { service } = this;
        return { id: this.id, organizationId: service.organization, name: this.name,
            snapshot: this.snapshot, user: this.user, env: this.env, labels: this.labels,
            public: false, networkBlockAll: this.networkBlockAll, target: this.target,
            cpu: this.cpu, gpu: 0, memory: this.memory, disk: this.disk, state,
            desiredState: this.doomed ? 'destroyed' : state in ASLEEP ? 'stopped' : 'started',
            ...(FAILED.includes(state)
                ? { errorReason: this.reason ?? 'internal error', recoverable: this.recoverable }
                : {}),
            autoStopInterval: this.autoStop, autoArchiveInterval: this.autoArchive,
            autoDeleteInterval: this.autoDelete, volumes: [],
            ...(this.ttl ? { autoDestroyAt: this.after(this.ttl).toISOString() } : {}),
            createdAt: this.createdAt.toISOString(), updatedAt: this.updatedAt.toISOString(),
            lastActivityAt: new Date(this.active).toISOString(), sandboxClass: 'container',
            runnerId: 'runner-1', daemonVersion: service.daemonVersion,
            ...(service.hidesProxy ? {} : { toolboxProxyUrl: service.toolboxUrl }) };
    }

    /** As lists show it. */
    item() {
        const { env, volumes, ...item } = this.view();
        return item;
    }

    after(minutes) {
        return new Date(this.createdAt.getTime() + minutes * this.service.minuteMs);
    }

    absolute(inside) {
        return path.posix.resolve('/home/daytona', inside.replace(/^~(?=\/|$)/, '.'));
    }

    /** Its box is made when the first request reaches the inside. */
    enter() {
        this.active = Date.now();
        this.opened ??= this.open();
        return this.opened;
    }

    async open() {
        if (this.service.instant) {
            this.files = new MemoryFiles(this.service.answers);
            return;
        }
        this.box = await Box.open({ user: 'daytona', env: this.env });
        this.files = new BoxFiles(this.box);
    }

    start() {
        if (this.state === 'started') return;
        if (FAILED.includes(this.state))
            throw new ControlError(400, `Sandbox is not in a valid state: ${this.state}`);
        if (this.pending || !(this.state in ASLEEP))
            throw new ControlError(409, 'Sandbox state change in progress');
        this.come([ASLEEP[this.state], 'started']);
    }

    /** Sessions are forgotten, files stay. One that is deleted when it stops is destroyed. */
    stop() {
        if (this.state !== 'started') {
            if (this.state in ASLEEP) return;
            throw new ControlError(this.pending ? 409 : 400, 'Sandbox is not started');
        }
        this.halt();
        if (this.autoDelete === 0) this.destroy();
        else this.come(['stopping', 'stopped']);
    }

    /** As when the sandbox went down and came up again by itself. */
    halt() {
        for (const session of this.sessions.values()) session.close();
        this.sessions.clear();
        this.box?.killAll();
    }

    destroy() {
        if (this.pending) {
            if (!this.doomed) this.look();
            throw new ControlError(409, 'Sandbox state change in progress');
        }
        this.vanish();
    }

    /** Whatever state it is in. */
    vanish() {
        this.come(['destroying']);
        this.halt();
        this.doomed ??= this.close();
    }

    async close() {
        await this.opened?.catch(() => {});
        await this.box?.close();
        this.service.sandboxes.delete(this.id);
    }

    /** What time does to it. */
    age(now) {
        const idle = (now - this.active) / this.service.minuteMs;
        if (this.doomed) return;
        if (this.ttl && now >= this.after(this.ttl).getTime()) this.vanish();
        else if (this.autoStop && idle >= this.autoStop && this.state === 'started') this.stop();
    }
}
