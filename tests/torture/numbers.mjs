// Which of many calls are to fail.

/** All of them up to `most`; else the first quarter and the last quarter of as many as are tried
 *  from the beginning and the end, and between them one at random out of each of equal parts. */
export function numbers(seen, most, random) {
    if (seen <= most) return Array.from({ length: seen }, (_, n) => n + 1);
    const edge = Math.max(1, most >> 2);
    const parts = most - 2 * edge;
    const width = (seen - 2 * edge) / parts;
    const cut = (part) => edge + Math.floor(part * width);
    const all = [];
    for (let n = 1; n <= edge; n++) all.push(n);
    for (let part = 0; part < parts; part++) all.push(random.between(cut(part) + 1, cut(part + 1)));
    for (let n = seen - edge + 1; n <= seen; n++) all.push(n);
    return all;
}
