// The file that a tortured program and its test share: which call of which family is to fail.
import { chmodSync, closeSync, openSync, readSync, writeSync } from 'node:fs';

/** What can fail, as tests/torture/failing.c numbers it. */
export const FAMILIES = { memory: 1, write: 2, send: 3, database: 4, redis: 5 };
const FIELDS = 4; // family, nth, seen, fired

export class Plan {
    constructor(path) {
        this.path = path;
        this.file = openSync(path, 'w+');
        chmodSync(path, 0o666); // the programs run as other users
        this.set('memory', 0);
    }

    /** The `nth` call from now on fails; 0: none does. */
    set(family, nth) {
        const fields = new BigInt64Array([BigInt(FAMILIES[family]), BigInt(nth), 0n, 0n]);
        writeSync(this.file, Buffer.from(fields.buffer), 0, 8 * FIELDS, 0);
    }

    /** {seen, fired}: how many such calls there were meanwhile, and whether it failed. */
    read() {
        const buffer = Buffer.alloc(8 * FIELDS);
        readSync(this.file, buffer, 0, 8 * FIELDS, 0);
        return { seen: Number(buffer.readBigInt64LE(16)), fired: buffer.readBigInt64LE(24) > 0n };
    }

    /** As `read`, and nothing fails any more. */
    end() {
        const what = this.read();
        this.set('memory', 0);
        return what;
    }

    close() {
        closeSync(this.file);
    }
}
