// Programs whose last expression has a value.
export const values = [
    { name: 'a whole number', code: 'x = 6\nx * 7', result: '42' },
    { name: 'a number with a fraction', code: '0.1 + 0.2', result: '0.30000000000000004' },
    { name: 'no finite number', code: '(float("nan"), float("-inf"))', result: '(nan, -inf)' },
    { name: 'a text', code: '"plain text"', result: 'plain text' },
    {
        name: 'a text of two lines',
        code: '"one\\ntwo"',
        result: 'one\ntwo',
        differs: { e2b: { rule: 'text', result: 'one\\ntwo' } },
    },
    { name: 'None', code: 'print("x")\nNone', stdout: 'x\n' },
    { name: 'a list', code: '[1, "two", None, 3.5]', result: "[1, 'two', None, 3.5]" },
    { name: 'a dictionary', code: '{"a": 1, "b": [True]}', result: "{'a': 1, 'b': [True]}" },
    { name: 'bytes', code: 'bytes([0, 65, 255])', result: "b'\\x00A\\xff'" },
    { name: 'letters of many scripts as a value', code: '("東京", "𝒳")', result: "('東京', '𝒳')" },
    {
        name: 'an object of its own class',
        code: 'class Point:\n    def __repr__(self):\n        return "<point>"\nPoint()',
        result: '<point>',
    },
    {
        name: 'an object that has HTML of itself',
        code: 'class Box:\n    _repr_html_ = lambda self: "<b>1</b>"\n' +
            '    __repr__ = lambda self: "one"\nBox()',
        result: 'one',
        differs: { e2b: { rule: 'rich', files: { 'result-1.html': '<b>1</b>' } } },
    },
    {
        name: 'a list too long for one line',
        code: 'list(range(60))',
        result: `[${Array.from({ length: 60 }, (_, i) => i).join(', ')}]`,
        differs: {
            e2b: {
                rule: 'pretty',
                result: (text) => text.replace(/\s+/g, ' ') ===
                    `[${Array.from({ length: 60 }, (_, i) => i).join(', ')}]`,
            },
        },
    },
    {
        name: 'a text that is too long',
        code: '"ab" * 100_000',
        result: /^(ab)+\n… shortened …\n(ab)+$/,
    },
    { name: 'an assignment at the end', code: 'x = 5' },
    { name: 'only the last of several values', code: '1\n2\n3', result: '3' },
    { name: 'a value inside of a block', code: 'if True:\n    7' },
    { name: 'two statements on the last line', code: 'a = 4; a + 1', result: '5' },
    { name: 'numbers of numpy', code: 'import numpy\nnumpy.int64(5) + 1', result: '6' },
];
