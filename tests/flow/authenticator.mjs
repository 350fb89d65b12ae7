// An authenticator app, as RFC 6238 and RFC 4648 describe it, written anew and not taken from what
// the api uses.
import { createHmac } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30000;

function decode(text) {
    const bits = [...text].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, '0'))
        .join('');
    return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The app of one person: `code()` is what it shows now, `code(1)` what it shows next. */
export class Authenticator {
    constructor(secret) {
        this.secret = decode(secret);
    }

    code(beside = 0) {
        const counter = Buffer.alloc(8);
        counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + beside));
        const mac = createHmac('sha1', this.secret).update(counter).digest();
        const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
        return String(number % 1000000).padStart(6, '0');
    }

    /** Six digits that are the code of no step near this one. */
    wrong() {
        const near = [-2, -1, 0, 1, 2].map((beside) => this.code(beside));
        return ['000000', '111111', '222222', '333333', '444444', '555555']
            .find((code) => !near.includes(code));
    }
}

/** Turns a second factor on for whoever is signed in: {app, codes}. */
export async function setUpFactor(client) {
    const begun = await client.post('/api/second-factor');
    if (begun.status !== 200) throw new Error(`second factor: ${begun.status} ${begun.text}`);
    const app = new Authenticator(begun.body.secret);
    const on = await client.post('/api/second-factor/confirm', { code: app.code() });
    if (on.status !== 200) throw new Error(`second factor: ${on.status} ${on.text}`);
    return { app, codes: on.body.recovery_codes };
}
