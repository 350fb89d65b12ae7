// One sandbox of the played E2B: its lifetime, its box and its contexts.
import crypto from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Box } from './box.mjs';
import { Context } from './e2b_context.mjs';

const INSIDE = '/run/fake';
const own = (name) => [fileURLToPath(new URL(name, import.meta.url)), `${INSIDE}/${name}`];

export class E2bSandbox {
    constructor(service, fields) {
        const id = `i${crypto.randomBytes(10).toString('hex').slice(0, 19)}`;
        Object.assign(this, { service, sandboxID: id, state: 'running', cpuCount: 2,
            memoryMB: 512, diskSizeMB: 10240, envdVersion: '0.6.13', clientID: 'fake',
            startedAt: Date.now(), box: null, contexts: new Map(), processes: new Map(),
            streams: new Set(), timer: null, lastPid: 600, executed: 0, ...fields });
        this.envdAccessToken = this.secure ? crypto.randomBytes(32).toString('hex') : null;
        this.trafficAccessToken = this.publicTraffic ? null : crypto.randomBytes(32)
            .toString('hex');
        this.live(this.timeout, this.startedAt);
    }

    get instant() {
        return this.service.options.instant;
    }

    /** Lets it end that many seconds from then. */
    live(seconds, then = Date.now()) {
        this.endAt = then + seconds * 1000;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => (this.autoPause ? this.pause() : this.end('timeout')),
            Math.min(seconds * 1000, 2 ** 31 - 1));
        this.timer.unref();
    }

    async open() {
        if (this.instant) return;
        this.box = await Box.open({ user: 'user', shown: [own('cell.py'), own('cell_chart.py')],
            env: { ...this.envVars, E2B_SANDBOX: 'true', E2B_SANDBOX_ID: this.sandboxID } });
        if (this.templateID !== 'base') this.context('python');
    }

    /** The context of that language that is there from the start, or made on first use. */
    context(language) {
        const found = [...this.contexts.values()].find((one) => one.standard
            && one.language === language);
        return found ?? this.newContext(language, this.box?.home ?? '/home/user', true);
    }

    newContext(language, cwd, standard = false) {
        const context = new Context(this, { id: crypto.randomUUID(), language, cwd, standard });
        this.contexts.set(context.id, context);
        return context;
    }

    pause() {
        this.state = 'paused';
        clearTimeout(this.timer);
        this.cutStreams();
    }

    resume(seconds) {
        this.state = 'running';
        this.live(seconds);
    }

    cutStreams() {
        for (const reply of this.streams) reply.response.destroy();
        this.streams.clear();
    }

    async end(reason) {
        if (this.state === 'ended') return;
        this.state = 'ended';
        clearTimeout(this.timer);
        this.service.sandboxes.delete(this.sandboxID);
        this.service.ended.push({ sandboxID: this.sandboxID, metadata: this.metadata, reason,
            executed: this.executed, at: Date.now() });
        this.cutStreams();
        await this.box?.close();
    }

    /** As the control plane answers create and connect. */
    answer() {
        return { templateID: this.templateID, sandboxID: this.sandboxID, clientID: this.clientID,
            alias: this.alias, envdVersion: this.envdVersion, domain: null,
            ...(this.envdAccessToken && { envdAccessToken: this.envdAccessToken }),
            trafficAccessToken: this.trafficAccessToken };
    }

    listed() {
        const { templateID, sandboxID, clientID, alias, cpuCount, memoryMB, diskSizeMB, metadata,
            state, envdVersion } = this;
        return { templateID, sandboxID, clientID, alias, cpuCount, memoryMB, diskSizeMB, metadata,
            state, envdVersion, startedAt: new Date(this.startedAt).toISOString(),
            endAt: new Date(this.endAt).toISOString() };
    }

    detail() {
        return { ...this.listed(), domain: null, envdAccessToken: this.envdAccessToken,
            allowInternetAccess: this.internet, volumeMounts: [],
            lifecycle: { autoResume: false, onTimeout: this.autoPause ? 'pause' : 'kill' } };
    }

    metric() {
        const mib = 1024 * 1024;
        return { timestamp: new Date().toISOString(),
            timestampUnix: Math.floor(Date.now() / 1000), cpuCount: this.cpuCount,
            cpuUsedPct: 1.5, memUsed: 100 * mib, memTotal: this.memoryMB * mib,
            memCache: 20 * mib, diskUsed: 900 * mib, diskTotal: this.diskSizeMB * mib };
    }
}
