// A way to tell a program in a local sandbox to go on: through the folders of its process.
import { readdirSync, existsSync, unlinkSync } from 'node:fs';
import { until } from './stack.mjs';

let number = 0;

function find(name) {
    return readdirSync('/proc')
        .filter((pid) => /^\d+$/.test(pid))
        .map((pid) => `/proc/${pid}/root/tmp/${name}`)
        .find((file) => existsSync(file));
}

/** A gate: `wait` is Python that stops there, `open()` lets it through. Several passages of one
 *  program have a gate each. */
export function makeGate() {
    const name = `gate-${process.pid}-${++number}`;
    return {
        name, // of a file in /tmp that is there until the gate opens
        wait: [
            'import os, time',
            `open('/tmp/${name}', 'w').close()`,
            `while os.path.exists('/tmp/${name}'):`,
            '    time.sleep(0.005)',
            '',
        ].join('\n'),
        async open() {
            unlinkSync(await until(() => find(name), 'the program at its gate'));
        },
        reached: () => until(() => find(name), 'the program at its gate'),
    };
}
