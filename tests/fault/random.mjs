// Numbers that follow from a seed (mulberry32), so that a trial can be asked for again.

export class Random {
    constructor(seed) {
        this.state = seed >>> 0;
        for (let i = 0; i < 8; i++) this.next(); // neighbouring seeds begin alike
    }

    /** From 0 up to, and without, 1. */
    next() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    }

    /** A whole number from `least` to `most`. */
    between(least, most) {
        return least + Math.floor(this.next() * (most - least + 1));
    }

    chance(share) {
        return this.next() < share;
    }

    pick(list) {
        return list[this.between(0, list.length - 1)];
    }

    shuffled(list) {
        const all = [...list];
        for (let i = all.length - 1; i > 0; i--) {
            const other = this.between(0, i);
            [all[i], all[other]] = [all[other], all[i]];
        }
        return all;
    }
}
