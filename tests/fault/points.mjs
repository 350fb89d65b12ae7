// The fault points of a stack: which there are, arming one of them, and seeing that it fired.
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root, until } from '../flow/stack.mjs';

const table = readFileSync(path.join(root, 'common/base/fault_points.h'), 'utf8');

/** [{number, name, process}], as the code has them. */
export const named = [...table.matchAll(/^FAULT_POINT\((\d+), "([^"]+)", (\w+)\)$/gm)]
    .map(([, number, name, process]) => ({ number: Number(number), name, process }));

/** What the table and the code do not both have. */
export function unlike() {
    const code = ['api', 'worker', 'common/domain', 'common/io'].flatMap((folder) =>
        readdirSync(path.join(root, folder), { recursive: true })
            .filter((name) => name.endsWith('.c'))
            .map((name) => readFileSync(path.join(root, folder, name), 'utf8'))).join('');
    const used = [...code.matchAll(/FAULT\("([^"]+)"\)/g)].map(([, name]) => name);
    return [...used.filter((name) => !named.some((point) => point.name === name)),
        ...named.filter((point) => point.process !== 'sql' && !code.includes(`"${point.name}"`))
            .map((point) => point.name)];
}

export class Points {
    static async open(folder) {
        const points = new Points();
        points.folder = path.join(folder, 'armed');
        points.file = path.join(folder, 'passed');
        await mkdir(points.folder);
        await writeFile(points.file, '');
        await chmod(points.folder, 0o777); // each process has become another user
        await chmod(points.file, 0o666);
        points.log = await open(points.file, 'r');
        points.rest = '';
        points.acted = new Map(); // name → how often it acted
        return points;
    }

    get env() {
        return { COUNTERSIGN_FAULT_ARMED: this.folder, COUNTERSIGN_FAULT_LOG: this.file };
    }

    /** The next process that comes there for the n-th time does that: kill, stop or hang. */
    arm(name, action, nth = 1) {
        return writeFile(path.join(this.folder, name), `${action}:${nth}`);
    }

    async disarm() {
        for (const name of await readdir(this.folder))
            await rm(path.join(this.folder, name), { force: true });
    }

    /** Reads on in the log. */
    async look() {
        const part = Buffer.alloc(1 << 20);
        for (;;) {
            const { bytesRead } = await this.log.read(part, 0, part.length);
            const lines = (this.rest + part.toString('latin1', 0, bytesRead)).split('\n');
            this.rest = lines.pop();
            for (const line of lines.filter((one) => one.includes(':'))) {
                const [name] = line.split(':');
                this.acted.set(name, this.times(name) + 1);
            }
            if (bytesRead < part.length) return;
        }
    }

    times(name) {
        return this.acted.get(name) ?? 0;
    }

    /** Waits until it acts once more than `before`; false when `over()` says that nothing comes. */
    async fires(name, before, over) {
        let last = false;
        return until(async () => {
            await this.look();
            if (this.times(name) > before) return { fired: true };
            const was = last;
            last = over();
            return was && { fired: false };
        }, `the fault point ${name}`).then((end) => end.fired);
    }

    close() {
        return this.log.close();
    }
}
