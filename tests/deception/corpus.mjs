// The files of this folder, each with what is expected of it: lines of expected.tsv beside it.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** [{path, group, name, language, bytes, expected: [line]}] of all groups. */
export function corpus() {
    const groups = readdirSync(here, { withFileTypes: true }).filter((one) => one.isDirectory());
    return groups.flatMap(({ name: group }) => {
        const files = new Map();
        const list = readFileSync(path.join(here, group, 'expected.tsv'), 'utf8');
        for (const line of list.trimEnd().split('\n')) {
            const [name, ...expected] = line.split('\t');
            files.set(name, [...(files.get(name) ?? []), expected.join('\t')]);
        }
        return [...files].map(([name, expected]) => ({
            path: `${group}/${name}`,
            group,
            name,
            language: name.endsWith('.sql') ? 'sql' : 'python',
            bytes: readFileSync(path.join(here, group, name)),
            expected,
        }));
    });
}

/** Whether JSON can carry it. */
export function isPostable({ expected }) {
    return !expected[0].startsWith('refused\t(body)');
}

export function bodyOf({ path: title, language, bytes }) {
    return { title, language, code: bytes.toString('utf8') };
}

export function chunks(list, size) {
    const count = Math.ceil(list.length / size);
    return Array.from({ length: count }, (_, n) => list.slice(n * size, (n + 1) * size));
}
