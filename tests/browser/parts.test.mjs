// The parts that think: differences, marks of hidden characters, sorting. Without a browser.
// Proves: T10 T11
import test, { before } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { build } from 'esbuild';
import jsQR from 'jsqr';
import { root } from '../flow/stack.mjs';

let parts;

before(async () => {
    globalThis.navigator ??= { languages: ['en-GB'] };
    const source = [
        'code/diff',
        'code/hidden',
        'code/highlight',
        'result/table-data',
        'people/program',
        'people/qr',
    ]
        .map((name) => `export * from './${name}';`)
        .join('\n');
    const { outputFiles } = await build({
        stdin: { contents: source, resolveDir: path.join(root, 'reviewer-ui/src') },
        bundle: true,
        jsx: 'automatic',
        jsxImportSource: 'preact',
        format: 'esm',
        write: false,
        logLevel: 'error',
    });
    const code = Buffer.from(outputFiles[0].contents).toString('base64');
    parts = await import(`data:text/javascript;base64,${code}`);
});

function random(seed) {
    let state = seed;
    return (most) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 4294967296) * most);
    };
}

test('a difference gives back both versions, whatever they are', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
        const next = random(seed);
        const lines = (n) => Array.from({ length: next(n) }, () => 'abc'[next(3)].repeat(next(3)));
        const before = lines(30).join('\n');
        const after = lines(30).join('\n') + (next(2) ? '\n' : '');
        const { lines: found } = parts.diffLines(before, after);
        const side = (gone) => found.filter((line) => line.kind !== gone).map((line) => line.text);
        // The line end at the end of both starts no line.
        const cut = [before, after].every((text) => text === '' || text.endsWith('\n'));
        const split = (text) => text.split('\n').slice(0, cut ? -1 : undefined);
        assert.deepEqual(side('added'), split(before), `seed ${seed}`);
        assert.deepEqual(side('removed'), split(after), `seed ${seed}`);
    }
});

test('a difference is as short as it can be, and its numbers count the lines', () => {
    const { lines, added, removed } = parts.diffLines('a\nb\nc\nd\n', 'a\nc\nx\nd\n');
    assert.deepEqual([added, removed], [1, 1]);
    assert.deepEqual(
        lines.map(({ kind, before, after }) => [kind, before, after]),
        [
            ['same', 1, 1],
            ['removed', 2, null],
            ['same', 3, 2],
            ['added', null, 3],
            ['same', 4, 4],
        ],
    );
    assert.equal(parts.diffLines('same\n', 'same\n').added, 0);
    assert.equal(parts.diffLines('', 'a').added, 1);
});

test('a difference of thousands of lines is exact or says that it is not', () => {
    const many = (n, text) => Array.from({ length: n }, (_, i) => `${text} ${i}`).join('\n');
    const { coarse, added, removed } = parts.diffLines(many(5000, 'a'), many(5000, 'b'));
    assert.equal(coarse, true);
    assert.deepEqual([added, removed], [5000, 5000]);
    const long = parts.diffLines(many(20000, 'a'), `${many(20000, 'a')}\nend`);
    assert.deepEqual([long.coarse, long.added, long.removed], [false, 1, 0]);
});

test('every character that can not be seen is marked, in every place of a line', () => {
    const ranges = [
        [0x00, 0x08],
        [0x0b, 0x1f],
        [0x7f, 0xa0],
        [0xad, 0xad],
        [0x34f, 0x34f],
        [0x61c, 0x61c],
        [0x115f, 0x1160],
        [0x17b4, 0x17b5],
        [0x180b, 0x180f],
        [0x2000, 0x200f],
        [0x2028, 0x202f],
        [0x205f, 0x206f],
        [0x3000, 0x3000],
        [0x3164, 0x3164],
        [0xd800, 0xd801],
        [0xe000, 0xe001],
        [0xfe00, 0xfe0f],
        [0xfeff, 0xfeff],
        [0xffa0, 0xffa0],
        [0xfff0, 0xfffb],
        [0xe0000, 0xe01ef],
        [0xf0000, 0xf0001],
        [0x1d173, 0x1d17a],
    ];
    let count = 0;
    for (const [first, last] of ranges)
        for (let point = first; point <= last; point += 1) {
            const char = String.fromCodePoint(point);
            for (const text of [char, `a${char}`, `${char}b`, `x = "${char}"`]) {
                const marks = parts.findMarks(text);
                const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
                assert.equal(marks.length, 1, `${name} in ${JSON.stringify(text)}`);
                assert.equal(marks[0].label, name);
                assert.equal(text.slice(marks[0].start, marks[0].end), char);
                count += 1;
            }
        }
    assert.ok(count > 2000, `${count}`);
});

test('ordinary writing is not marked', () => {
    const texts = [
        'total = sum(x for x in range(10))\n\tif a: b',
        'Grüße, façade, naïve, Łódź, İstanbul',
        'привет мир',
        '東京タワー',
        'مرحبا',
        'שלום',
        '“quotes” – dash … €',
        'π = 3.14',
        '👍 🎉',
    ];
    for (const text of texts) assert.deepEqual(parts.findMarks(text), [], text);
});

test('painted code is the code, character by character', () => {
    const next = random(7);
    const pieces = [
        'def ',
        'x',
        '"',
        "'",
        '#',
        '\n',
        '\n',
        '    ',
        '\u202e',
        'е',
        '{',
        '}',
        'f"',
        '"""',
        '1e9',
        '👍',
        ' '.repeat(40),
        '\t',
        'select ',
        '--',
        '/*',
        '*/',
        '\u200b',
        '@',
        '\\',
    ];
    for (let n = 0; n < 300; n += 1) {
        const code = Array.from({ length: next(60) }, () => pieces[next(pieces.length)]).join('');
        for (const language of ['python', 'sql', 'unknown']) {
            const { lines } = parts.paintCode(code, language);
            const text = lines.map((line) => line.map((piece) => piece.text).join('')).join('\n');
            assert.equal(text, code);
        }
    }
});

test('terminal codes in output are one mark each', () => {
    const marks = parts.findOutputMarks(
        '\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007y\u001b]8;;\u0007',
    );
    assert.deepEqual(
        marks.map((mark) => mark.label),
        ['ESC', 'ESC', 'ESC', 'ESC'],
    );
});

test('sorting takes all rows, keeps equal ones in order, and puts the empty ones last', () => {
    const data = {
        columns: [
            { name: 'n', type: 'number' },
            { name: 'name', type: 'text' },
        ],
        rows: [
            [2, 'b'],
            [null, 'x'],
            [10, 'a10'],
            [2, 'a2'],
            [-1, null],
        ],
    };
    const sorted = (column, down) => parts.sortRows(data, { column, down }).map((row) => row[0]);
    assert.deepEqual(sorted(0, false), [-1, 2, 2, 10, null]);
    assert.deepEqual(sorted(0, true), [10, 2, 2, -1, null]);
    assert.deepEqual(parts.sortRows(data, { column: 0, down: true })[1][1], 'b');
    assert.deepEqual(sorted(1, false), [2, 10, 2, null, -1]);
    assert.equal(parts.sortRows(data, null), data.rows);
});

test('numbers are shown in one manner for each column, names of things as they are', () => {
    const data = {
        columns: ['value', 'year', 'share'].map((name) => ({ name, type: 'number' })),
        rows: [
            [1234.5, 2026, 0.1234567],
            [2, 1999, 0.5],
            ['12345678901234567890', null, 1],
        ],
    };
    const [value, year, share] = parts.columnFormats(data);
    assert.equal(value(1234.5), '1,234.5');
    assert.equal(value(2), '2.0');
    assert.equal(value('12345678901234567890'), '12345678901234567890');
    assert.equal(year(2026), '2026');
    assert.equal(share(0.1234567), '0.1235');
});

test('sessions are named by browser and system', () => {
    const mozilla = 'Mozilla/5.0';
    const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0';
    const phone = `${mozilla} (Linux; Android 10; K) ${chrome}`;
    for (const [header, name] of [
        [`${mozilla} (X11; Linux x86_64) ${chrome} Safari/537.36`, 'Chrome 131 on Linux'],
        [
            `${mozilla} (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36 Edg/131.0.0.0`,
            'Edge 131 on Windows',
        ],
        [
            `${mozilla} (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0`,
            'Firefox 133 on macOS',
        ],
        [
            `${mozilla} (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 ` +
                '(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
            'Safari 18 on iPhone',
        ],
        [`${phone} Mobile Safari/537.36`, 'Chrome 131 on Android'],
        ['node', 'node'],
        ['curl/8.5.0', 'curl/8.5.0'],
        ['', 'Unknown program'],
    ])
        assert.equal(parts.programName(header), name, header);
});

// The path as a scanner's camera would see it: each module four pixels wide.
function paint({ size, path }) {
    const width = size * 4;
    const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
    for (const [, x, y, n] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g))
        for (let row = y * 4; row < y * 4 + 4; row += 1)
            for (let at = x * 4; at < (Number(x) + Number(n)) * 4; at += 1)
                pixels.set([0, 0, 0], (row * width + at) * 4);
    return { pixels, width };
}

test('a QR code is read by another library, and has its light edge', () => {
    for (const secret of ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ']) {
        const uri = `otpauth://totp/Countersign:mia%20k?secret=${secret}&issuer=Countersign`;
        const code = parts.qrOf(uri);
        const { pixels, width } = paint(code);
        assert.equal(jsQR(pixels, width, width)?.data, uri);
        const starts = [...code.path.matchAll(/M(\d+) (\d+)/g)];
        for (const side of [1, 2])
            assert.equal(Math.min(...starts.map((found) => Number(found[side]))), 4);
    }
});
