// Runs services of docker-compose.yml with podman, with the very options the file gives them.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const run = promisify(execFile);
const top = fileURLToPath(new URL('../..', import.meta.url));
export const compose = parse(readFileSync(path.join(top, 'docker-compose.yml'), 'utf8'),
    { merge: true });

/** Words of a Compose value: "${NAME:-otherwise}" becomes what is otherwise. */
const plain = (value) => String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll('$$', '$');

const securityOption = (option) => option
    .replace(/^no-new-privileges:true$/, 'no-new-privileges')
    .replace(/^seccomp=(?!\/|unconfined)/, `seccomp=${top}`);

/** The words of `podman run` that say what the service says. */
function serviceWords(service, secrets) {
    const words = [];
    const each = (values, word) => (values ?? []).forEach((value) => words.push(...word(value)));
    each(Object.entries(service.environment ?? {}), ([name, value]) =>
        ['--env', `${name}=${plain(value)}`]);
    each(service.secrets, (name) =>
        ['--volume', `${path.join(secrets, name)}:/run/secrets/${name}:ro`]);
    each(service.volumes, (volume) => ['--volume', volume]);
    each(service.cap_drop, (name) => ['--cap-drop', name]);
    each(service.cap_add, (name) => ['--cap-add', name]);
    each(service.security_opt, (option) => ['--security-opt', securityOption(option)]);
    each(service.tmpfs, (mount) => ['--tmpfs', mount]);
    if (service.read_only) words.push('--read-only', '--read-only-tmpfs=false');
    if (service.user) words.push('--user', service.user);
    if (service.mem_limit) words.push('--memory', service.mem_limit);
    if (service.memswap_limit) words.push('--memory-swap', service.memswap_limit);
    if (service.pids_limit) words.push('--pids-limit', String(service.pids_limit));
    if (service.cpu_shares) words.push('--cpu-shares', String(service.cpu_shares));
    if (service.entrypoint) words.push('--entrypoint', JSON.stringify(service.entrypoint));
    return words;
}

export class Podman {
    /** `folder` is tools/image's own; `secrets` is where tools/compose-secrets put them. */
    constructor(folder, secrets) {
        // podman's default runtime, crun, knows no other than the newer cgroups.
        const runtime = this.newCgroups() ? [] : ['--runtime', 'runc'];
        Object.assign(this, { secrets, started: [] });
        this.global = ['--root', path.join(folder, 'store'), '--runroot', path.join(folder, 'run'),
            '--storage-driver', process.env.STORAGE_DRIVER ?? 'overlay',
            '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...runtime];
    }

    newCgroups() {
        return readFileSync('/proc/self/mountinfo', 'utf8').includes(' /sys/fs/cgroup ') &&
            / \/sys\/fs\/cgroup .* - cgroup2 /.test(readFileSync('/proc/self/mountinfo', 'utf8'));
    }

    async podman(...words) {
        const { stdout, stderr } = await run('podman', [...this.global, ...words],
            { maxBuffer: 64 << 20 });
        return { stdout: stdout.trim(), stderr: stderr.trim() };
    }

    words(name, service) {
        const hosts = ['postgres', 'redis'].flatMap((host) => ['--add-host', `${host}:127.0.0.1`]);
        // Said in full: podman's own choice may be more than we may hand on. Its timers of health
        // checks need systemd; `healthy` asks instead.
        const files = service.ulimits?.nofile ?? 1024;
        return ['--name', name, '--network', 'host', ...hosts, '--health-interval', 'disable',
            '--ulimit', `nofile=${files}:${files}`, '--ulimit', 'nproc=4096:4096',
            ...serviceWords(service, this.secrets), `localhost/${service.image}`];
    }

    /** Runs a service to its end; resolves with what it printed. */
    async once(name, command = null) {
        const service = compose.services[name];
        const words = this.words(`try-${name}`, service);
        return this.podman('run', '--rm', ...words, ...(command ?? service.command));
    }

    /** Starts a service, with parts of its definition replaced by `changes`. */
    async start(name, changes = {}) {
        const service = { ...compose.services[name], ...changes };
        this.started.push(`try-${name}`);
        await this.podman('run', '--detach', ...this.words(`try-${name}`, service));
    }

    async inside(name, ...words) {
        return (await this.podman('exec', `try-${name}`, ...words)).stdout;
    }

    async isRunning(name) {
        return (await this.podman('inspect', '--format', '{{.State.Running}}',
            `try-${name}`)).stdout === 'true';
    }

    async logs(name) {
        const { stdout, stderr } = await this.podman('logs', `try-${name}`);
        return `${stdout}\n${stderr}`.trim();
    }

    /** Stops it as Compose does; resolves with its exit status. */
    async stop(name) {
        const grace = parseInt(compose.services[name].stop_grace_period ?? '10', 10);
        await this.podman('stop', '--time', String(grace), `try-${name}`);
        const { stdout } = await this.podman('inspect', '--format', '{{.State.ExitCode}}',
            `try-${name}`);
        await this.podman('rm', '--force', `try-${name}`);
        this.started = this.started.filter((one) => one !== `try-${name}`);
        return Number(stdout);
    }

    /** What the image's own health check says: true or false. */
    async healthy(name) {
        return this.podman('healthcheck', 'run', `try-${name}`).then(() => true, () => false);
    }

    async removeAll() {
        for (const name of this.started)
            await this.podman('rm', '--force', '--time', '0', name).catch(() => {});
    }
}
