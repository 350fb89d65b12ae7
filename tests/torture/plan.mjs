// The file that a tortured program and its test share: which call of which family is to fail.
import { chmodSync, closeSync, openSync, readSync, writeSync } from 'node:fs';

/** What can fail, as tests/torture/failing.c numbers it. */
export const FAMILIES = { memory: 1, write: 2, send: 3, database: 4, redis: 5 };
const FIELDS = 6; // family, nth, seen, fired, output, ending

export class Plan {
    constructor(path) {
        this.path = path;
        this.file = openSync(path, 'w+');
        chmodSync(path, 0o666); // the programs run as other users
        this.set('memory', 0);
    }

    /** The `nth` call from now on fails; 0: none does. */
    set(family, nth) {
        const fields = new BigInt64Array([BigInt(FAMILIES[family]), BigInt(nth), 0n, 0n, 0n, 0n]);
        writeSync(this.file, Buffer.from(fields.buffer), 0, 8 * FIELDS, 0);
    }

    /** {seen, fired, output, ending}: how many such calls there were meanwhile, whether it failed,
     *  whether that was a write of what the program prints, and whether the program gave up. */
    read() {
        const buffer = Buffer.alloc(8 * FIELDS);
        readSync(this.file, buffer, 0, 8 * FIELDS, 0);
        const [seen, fired, output, ending] =
            [16, 24, 32, 40].map((at) => Number(buffer.readBigInt64LE(at)));
        return { seen, fired: fired > 0, output: output > 0, ending: ending > 0 };
    }

    /** As `read`, and nothing fails any more. */
    end() {
        const what = this.read();
        writeSync(this.file, Buffer.alloc(16), 0, 16, 0);
        return what;
    }

    close() {
        closeSync(this.file);
    }
}
