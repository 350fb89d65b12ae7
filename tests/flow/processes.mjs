// Processes on this machine as tests see them: which of them bear a mark that code left.
import { readdirSync, readFileSync } from 'node:fs';

/** Python that renames its own process, so that a test can find it from outside. */
export const markedAs = (mark) => `open('/proc/self/comm', 'w').write('${mark}')\n`;

/** The ids of the processes that are called that. */
export function pidsCalled(mark) {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
        try {
            return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === mark
                && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
        } catch {
            return false; // it ended while we looked
        }
    }).map(Number);
}
