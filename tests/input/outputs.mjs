// What a run may print, write and do to whoever reads it (d.8, and d.6 for what its input holds).
// Rows are [name, code, 'state reason', {stdout?, kinds?, files?}, {language?, input?}].
const py = (text) => text.trim().replace(/^ {4}/gm, '');
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';

const streams = [
    ['nothing', 'pass', 'succeeded', { kinds: [] }],
    ['no line end', 'print("x", end="")', 'succeeded', { stdout: 'x' }],
    ['one byte', 'import os\nos.write(1, b"x")\nNone', 'succeeded', { stdout: 'x' }],
    ['all it may print', 'print("x" * 1048575)', 'succeeded',
        { stdout: `${'x'.repeat(1048575)}\n` }],
    ['a byte more', 'print("x" * 1048576, flush=True)', 'failed output',
        { stdout: 'x'.repeat(1048576) }],
    ['a flood without end', 'while True:\n    print("x" * 65536, flush=True)', 'failed output', {}],
    ['a flood of bytes on stderr', 'import os\nwhile True:\n    os.write(2, b"\\xff" * 65536)',
        'failed output', {}],
    ['every byte', 'import os\nos.write(1, bytes(range(256)))\nNone', 'succeeded', {}],
    ['bytes that are no UTF-8',
        'import os\nos.write(1, b"\\xc0\\xaf\\xed\\xa0\\x80\\xff\\n")\nNone', 'succeeded', {}],
    ['NUL', 'print("a\\0b")', 'succeeded', { stdout: 'a\0b\n' }],
    ['colours', 'print("\\x1b[31mred\\x1b[0m")', 'succeeded', { stdout: '\x1b[31mred\x1b[0m\n' }],
    ['a link of a terminal', 'print("\\x1b]8;;http://evil.test\\x07x\\x1b]8;;\\x07")', 'succeeded',
        { stdout: '\x1b]8;;http://evil.test\x07x\x1b]8;;\x07\n' }],
    ['the clipboard of a terminal', 'print("\\x1b]52;c;eA==\\x07")', 'succeeded',
        { stdout: '\x1b]52;c;eA==\x07\n' }],
    ['HTML', 'print("<script>alert(1)</script>")', 'succeeded',
        { stdout: '<script>alert(1)</script>\n' }],
    ['a line like a result', `print('{"outcome":"succeeded","items":[]}')`, 'succeeded',
        { stdout: '{"outcome":"succeeded","items":[]}\n' }],
    ['text directions', 'print("a\\u202eb\\u2066c")', 'succeeded',
        { stdout: 'a\u202eb\u2066c\n' }],
    ['stdout closed', 'import os\nos.close(1)', 'succeeded', { kinds: [] }],
    ['all of it closed', 'import os\nos.closerange(0, 3)', 'succeeded', { kinds: [] }],
    ['a forged result', py(`
    import os
    for fd in range(3, 20):
        try:
            os.write(fd, b"CSRF" + bytes(60))
        except OSError:
            pass
    print("ran")`), 'failed bad_results', {}],
];

const endings = [
    ['a traceback and exit 0', 'import os, traceback\ntry:\n    1 / 0\nexcept Exception:\n'
        + '    traceback.print_exc()\nos._exit(0)', 'failed ended_early', {}],
    ['exit 3', 'import sys\nsys.exit(3)', 'failed exit_code', {}],
    ['exit 256', 'import sys\nsys.exit(256)', 'succeeded', {}],
    ...['SIGKILL', 'SIGSEGV', 'SIGABRT', 'SIGTERM', 'SIGBUS', 'SIGFPE', 'SIGHUP', 'SIGUSR1',
        'SIGPIPE', 'SIGXCPU'].map((name) => [
        name, `import os, signal\nsignal.signal(signal.${name}, signal.SIG_DFL)\n`.replace(
            /^.*SIGKILL.*SIG_DFL\)\n/m, '') + `os.kill(os.getpid(), signal.${name})`,
        'failed signal', {}]),
    ['children left behind', py(`
    import subprocess
    subprocess.Popen(["/bin/sleep", "1000"])
    print("done")`), 'succeeded', { stdout: 'done\n' }],
    ['a daemon left behind', py(`
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
    print("done")`), 'succeeded', { stdout: 'done\n' }],
];

const made = [
    ['thousands of files', 'for i in range(20000):\n    open(f"f{i}", "w").close()',
        'succeeded', { files: ['f0', 'f1', 'f10', 'f100', 'f1000', 'f10000', 'f10001', 'f10002'] }],
    ['names with tags', 'open("<script>.txt", "w").write("x")\nNone', 'succeeded', {}],
    ['a name with a line end', 'open("a\\nb.txt", "w").write("x")\nNone', 'succeeded',
        { files: [] }],
    ['a name that is no UTF-8', 'open(b"a\\xffb.txt", "w").write("x")\nNone', 'succeeded',
        { files: [] }],
    ['a name of text directions', 'open("a\\u202egpj.exe", "w").write("x")\nNone', 'succeeded',
        { files: [] }],
    ['a name of text directions, past our own rules', py(`
    import gc
    [o for o in gc.get_objects() if type(o).__name__ == "Budget"][0].item(
        "file", "photo\\u202egpj.exe", b"MZ")
    print("ran")`), 'failed bad_results', { files: [] }],
    ['a link to a secret', 'import os\nos.symlink("/proc/self/environ", "env.txt")', 'succeeded',
        { files: [] }],
    ['a link to a folder', 'import os\nos.symlink("/", "root")', 'succeeded', { files: [] }],
    ['a pipe', 'import os\nos.mkfifo("pipe.txt")', 'succeeded', { files: [] }],
    ['a socket', 'import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind("sock.txt")\nNone',
        'succeeded', { files: [] }],
    ['a device', 'import os\ntry:\n    os.mknod("null.bin", 0o20600, os.makedev(1, 3))\n'
        + 'except OSError:\n    print("no")', 'succeeded', { files: [], stdout: 'no\n' }],
    ['a file with holes', 'with open("big.bin", "wb") as f:\n    f.truncate(1 << 40)',
        'failed exception', { files: ['big.bin'] }],
    ['HTML as a file', 'open("x.html", "w").write("<script>alert(1)</script>")\nNone', 'succeeded',
        { files: ['x.html'] }],
    ['SVG with a script', `open("x.svg", "w").write('${SVG}')\nNone`, 'succeeded',
        { files: ['x.svg'] }],
    ['SVG called PNG', `open("x.png", "w").write('${SVG}')\nNone`, 'succeeded',
        { files: ['x.png'] }],
    ['a huge picture', py(`
    import struct, zlib
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100000), 9)
    with open("bomb.png", "wb") as f:
        f.write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows)
                + chunk(b"IEND", b""))`), 'succeeded', { files: ['bomb.png'] }],
];

const sql = (name, input, code, expected, more = {}) => [name, code, expected, more,
                                                          { language: 'sql', input }];
const COUNT = 'select count(*) from data';
const inputs = [
    sql('bad quotes in CSV', 'a,b\n"1,2\n3","4', COUNT, 'succeeded'),
    sql('mixed codings in CSV', Buffer.from('a,b\n\xff\xfe,\xc3\n', 'latin1'),
        COUNT, 'succeeded'),
    sql('NUL in CSV', 'a,b\0\n1,2\n', COUNT, 'succeeded'),
    sql('20,000 columns', `${Array.from({ length: 20000 }, (_, i) => `c${i}`).join(',')}\n`,
        COUNT, 'failed exception'),
    sql('a line of 3 MB', `a,b\n1,${'x'.repeat(3000000)}\n`, COUNT, 'succeeded'),
    sql('the same column twice', 'a,a,A\n1,2,3\n', COUNT, 'succeeded'),
    sql('a column of SQL', '"a"");drop table data;--",b\n1,2\n', COUNT, 'succeeded'),
    sql('an attached database', 'a\n1\n', "attach '/etc/passwd' as x", 'failed exception'),
    sql('an extension', 'a\n1\n', "select load_extension('x')", 'failed exception'),
    sql('a query without end', 'a\n1\n', 'with recursive r(n) as (select 1 union all '
        + 'select n + 1 from r) select count(*) from r', 'failed wall_time'),
];

export const outputs = [...streams, ...endings, ...made, ...inputs];
