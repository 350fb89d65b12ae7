// Random numbers that a seed repeats, and random JSON made of them.
const TEXTS = ['', 'a', 'null', '<b>', '\u202e', '\u{1f600}', 'e\u0301', "'--", '\\', '"', '%s%n',
               '../..', '\ufeff', '\u2028', '\x01', '\x7f', 'x'.repeat(300), '\uffff', '0', '-1'];

export class Random {
    constructor(seed) { this.state = seed >>> 0; }

    /** mulberry32: a number from 0 to under `n`. */
    below(n) {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
    }

    pick(list) { return list[this.below(list.length)]; }

    text() {
        const length = this.below(6);
        return Array.from({ length }, () => this.pick(TEXTS)).join('');
    }

    /** Turns over, drops or doubles a few bytes of what it is given. */
    tearer() {
        const seed = this.below(2 ** 32);
        return (bytes) => {
            const own = new Random(seed);
            const torn = [...bytes];
            for (let i = own.below(4); i >= 0; i--) {
                const at = own.below(torn.length);
                const how = own.below(3);
                if (how === 0) torn[at] = own.below(256);
                else if (how === 1) torn.splice(at, 1 + own.below(3));
                else torn.splice(at, 0, torn[at]);
            }
            return Buffer.from(torn);
        };
    }
}

/** Any JSON value, at most `depth` levels of it. */
export function junk(random, depth) {
    const kind = random.below(depth > 0 ? 8 : 6);
    const items = Array.from({ length: random.below(4) });
    if (kind === 0) return null;
    if (kind === 1) return random.below(2) === 1;
    if (kind === 2) return random.below(1000) - 500;
    if (kind === 3) return random.pick([0.5, 1e300, -1e-300, 2 ** 31, 2 ** 53, -(2 ** 53)]);
    if (kind < 6) return random.text();
    if (kind === 6) return items.map(() => junk(random, depth - 1));
    return Object.fromEntries(items.map(() => [random.text(), junk(random, depth - 1)]));
}
