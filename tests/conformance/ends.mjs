// Programs that end in every way a program can.
const failed = (name, value, traceback) => ({
    outcome: 'failed', reason: 'exception', exit_code: 1, error: [name, value], traceback,
});
const left = (code) => ({ outcome: 'failed', reason: 'exit_code', exit_code: code });
const killed = { outcome: 'failed', reason: 'signal', exit_code: -1 };
// What the services' own programs do instead; the rules are rows of docs/sandbox.md.
const restarted = { rule: 'kernel', outcome: 'failed', reason: 'ended_early', exit_code: -1,
                    error: ['ContextRestarting', /restarted/] };

export const ends = [
    {
        name: 'an exception',
        code: 'def divide(a):\n    return a / 0\n\nprint("before")\ndivide(1)',
        stdout: 'before\n',
        ...failed('ZeroDivisionError', 'division by zero',
            [/^Traceback \(most recent call last\):\n {2}File "code.py", line 5, in <module>\n/,
             /\n {4}divide\(1\)\n {2}File "code.py", line 2, in divide\n {4}return a \/ 0\n/,
             /\nZeroDivisionError: division by zero\s*$/]),
        differs: {
            e2b: {
                rule: 'traceback',
                traceback: [/line 5/, /divide\(1\)/, /divide\(a\)/, /return a \/ 0/,
                            /ZeroDivisionError: division by zero\s*$/],
            },
        },
    },
    {
        name: 'an exception caused by another',
        code: 'try:\n    {}["key"]\nexcept KeyError as e:\n    raise ValueError("bad") from e',
        ...failed('ValueError', 'bad', [/KeyError: 'key'/,
            /The above exception was the direct cause of the following exception/,
            /ValueError: bad\s*$/]),
    },
    {
        name: 'an exception of its own class',
        code: 'class Überlauf(Exception):\n    pass\n\nraise Überlauf("zu groß: 𝒳")',
        ...failed('Überlauf', 'zu groß: 𝒳', [/Überlauf: zu groß: 𝒳/]),
    },
    {
        name: 'an exception without a text',
        code: 'raise RuntimeError',
        ...failed('RuntimeError', '', [/RuntimeError/]),
    },
    {
        name: 'a name that is not there',
        code: 'print(revenue)',
        ...failed('NameError', "name 'revenue' is not defined", [/NameError/]),
    },
    {
        name: 'a module that is not there',
        code: 'import no_such_module',
        ...failed('ModuleNotFoundError', "No module named 'no_such_module'",
            [/ModuleNotFoundError/]),
    },
    {
        name: 'a file that is not there',
        code: 'open("missing.csv")',
        ...failed('FileNotFoundError', "[Errno 2] No such file or directory: 'missing.csv'",
            [/FileNotFoundError/]),
    },
    {
        name: 'no Python',
        code: 'print("never")\nfor x in\n',
        ...failed('SyntaxError', /invalid syntax/, [/line 2/, /for x in/, /SyntaxError/]),
    },
    {
        name: 'wrong indentation',
        code: 'if True:\nprint(1)',
        ...failed('IndentationError', /expected an indented block/, [/IndentationError/]),
    },
    {
        name: 'out of memory, as Python says it',
        code: 'raise MemoryError("too much")',
        ...failed('MemoryError', 'too much', [/MemoryError/]), reason: 'memory',
    },
    {
        name: 'SystemExit 0',
        code: 'print("done")\nraise SystemExit(0)',
        stdout: 'done\n',
    },
    { name: 'SystemExit without a code', code: 'raise SystemExit' },
    { name: 'SystemExit 3', code: 'raise SystemExit(3)', ...left(3) },
    {
        name: 'SystemExit with a text',
        code: 'raise SystemExit("no data")',
        ...left(1), stderr: 'no data\n',
    },
    {
        name: 'sys.exit in a function',
        code: 'import sys\ndef stop():\n    sys.exit(4)\nprint("a")\nstop()\nprint("b")',
        stdout: 'a\n', ...left(4),
    },
    {
        name: 'an exit code beyond a byte',
        code: 'raise SystemExit(259)',
        ...left(3),
    },
    {
        name: 'left with 7 at once',
        code: 'import os\nprint("x", flush=True)\nos._exit(7)',
        stdout: 'x\n', ...left(7),
        differs: { e2b: { ...restarted, stdout: /^(x\n)?$/ } },
    },
    {
        name: 'left with 0 at once',
        code: 'import os\nos._exit(0)',
        outcome: 'failed', reason: 'ended_early', exit_code: 0,
        differs: { e2b: restarted },
    },
    {
        name: 'ended by a signal',
        code: 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)',
        ...killed,
        differs: { e2b: restarted },
    },
    {
        name: 'crashed',
        code: 'import os, signal\nsignal.signal(11, 0)\nos.kill(os.getpid(), 11)',
        ...killed,
        differs: { e2b: restarted },
    },
    {
        name: 'the time limit',
        code: 'import time\nprint("begun", flush=True)\ntime.sleep(60)',
        limits: { wall_ms: 5000 },
        outcome: 'timed_out', reason: 'wall_time', exit_code: -1, stdout: 'begun\n',
    },
    {
        name: 'the time limit, busy and deaf',
        code: 'while True:\n    try:\n        while True: pass\n    except BaseException: pass',
        limits: { wall_ms: 5000 },
        outcome: 'timed_out', reason: 'wall_time', exit_code: -1,
    },
    {
        name: 'cancelled',
        code: 'import time\nprint("begun", flush=True)\ntime.sleep(60)',
        cancel_on_output: true,
        outcome: 'cancelled', reason: 'cancelled', exit_code: -1, stdout: 'begun\n',
    },
    {
        name: 'more memory than allowed',
        code: 'parts = []\nwhile True:\n    parts.append(bytearray(16 << 20))',
        limits: { memory_bytes: 268435456, wall_ms: 60000 },
        outcome: 'failed', reason: 'memory', exit_code: -1,
        only: ['local'], rule: 'memory',
    },
    {
        name: 'a question to nobody',
        code: 'input("name? ")',
        stdout: 'name? ',
        ...failed('EOFError', 'EOF when reading a line', [/EOFError/]),
        differs: {
            e2b: {
                rule: 'input', stdout: '', error: ['StdinNotImplementedError', /input/],
                traceback: [/StdinNotImplementedError/],
            },
        },
    },
    {
        name: 'children left behind',
        code: 'import subprocess\nsubprocess.Popen(["/bin/sleep", "300"])\nprint("done")',
        stdout: 'done\n',
    },
];
