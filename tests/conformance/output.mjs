// Programs that print.
const big = 'x'.repeat(300_000);

export const output = [
    { name: 'lines on stdout', code: 'print("one")\nprint("two", 3)', stdout: 'one\ntwo 3\n' },
    {
        name: 'lines on stderr',
        code: 'import sys\nprint("careful", file=sys.stderr)',
        stderr: 'careful\n',
    },
    {
        name: 'both streams',
        code: 'import sys\nfor i in range(3):\n    print(i)\n    print(-i, file=sys.stderr)',
        stdout: '0\n1\n2\n', stderr: '0\n-1\n-2\n',
    },
    { name: 'nothing at all', code: 'pass' },
    { name: 'no code but a comment', code: '# nothing' },
    { name: 'output without a line end', code: 'print("no end", end="")', stdout: 'no end' },
    { name: 'empty lines', code: 'print("\\n\\na\\n\\n", end="")', stdout: '\n\na\n\n' },
    {
        name: 'carriage returns and tabs',
        code: 'print("1 %\\r2 %\\r\\na\\tb")',
        stdout: '1 %\r2 %\r\na\tb\n',
    },
    {
        name: 'colours of a terminal',
        code: 'print("\\x1b[31mred\\x1b[0m")',
        stdout: '\x1b[31mred\x1b[0m\n',
    },
    {
        name: 'letters of many scripts',
        code: 'print("Zürich Łódź 東京 שלום العربية 𝒳 👩‍🔬 e\\u0301")',
        stdout: 'Zürich Łódź 東京 שלום العربية 𝒳 👩‍🔬 e\u0301\n',
    },
    {
        name: 'half of a character',
        code: 'print("a\\ud83db")',
        stdout: 'a\\ud83db\n',
        differs: { e2b: { rule: 'surrogates', stdout: 'a\ufffdb\n' } },
    },
    {
        name: 'NUL in the output',
        code: 'print("a\\0b")',
        stdout: 'a\0b\n',
        differs: { daytona: { rule: 'nul', stdout: 'ab\n' } },
    },
    {
        name: 'bytes that are no UTF-8',
        code: 'import os\nos.write(1, b"a\\xffb\\n")\nNone',
        stdout: Buffer.from('a\xffb\n', 'latin1'),
        differs: {
            e2b: { rule: 'bytes', stdout: 'a\ufffdb\n' },
            daytona: { rule: 'bytes', stdout: 'a\ufffdb\n' },
        },
    },
    {
        name: 'one line of 300,000 letters',
        code: 'print("x" * 300_000)',
        stdout: big + '\n',
    },
    {
        name: 'more output than allowed',
        code: 'for i in range(20_000):\n    print(f"{i:08}", flush=True)',
        limits: { output_bytes: 65536 },
        outcome: 'failed', reason: 'output', exit_code: -1, truncated: true,
        stdout: (text) => text.length === 65536 && text.startsWith('00000000\n00000001\n'),
    },
    {
        name: 'output of a process it starts',
        code: 'import subprocess\n' +
            'subprocess.run(["/bin/sh", "-c", "echo out; echo err >&2"])\nNone',
        stdout: 'out\n', stderr: 'err\n',
    },
    {
        name: 'a thread that prints after the last line',
        code: 'import threading, time\n' +
            'def later():\n    time.sleep(0.3)\n    print("late")\n' +
            'threading.Thread(target=later).start()\nprint("early")',
        stdout: 'early\nlate\n',
        differs: { e2b: { rule: 'threads', stdout: /^early\n(late\n)?$/ } },
    },
    {
        name: 'a function called at the end',
        code: 'import atexit\natexit.register(print, "bye")\nprint("hello")',
        stdout: 'hello\nbye\n',
        differs: { e2b: { rule: 'threads', stdout: /^hello\n(bye\n)?$/ } },
    },
    {
        name: 'warnings',
        code: 'import warnings\nwarnings.warn("old")',
        stderr: /UserWarning: old/,
    },
];
