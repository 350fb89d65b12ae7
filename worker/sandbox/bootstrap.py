"""Runs one job inside a sandbox: reads its frame from descriptor 0, runs the code, and sends what
came of it as frames on descriptor 3. docs/sandbox.md describes both, and what remote.py changes."""
import os
import sys

try:
    from _sha256 import sha256  # hashlib would load OpenSSL, which takes longer than most jobs
except ImportError:
    from hashlib import sha256

MAGIC = b"CSFRAME1"
HERE = os.path.dirname(__file__)
WORK = "/work"
CODE_NAME = "code.py"
TEXT_LIMIT = 65536
CHUNK = 1 << 20
CHART_PIXELS = 4000
BOOTSTRAP = sys.modules["__main__"]  # keeps this module when the job's own takes its name
PARTS = set()


# ---- results ----------------------------------------------------------------------------------

def write_all(fd, data):
    data = memoryview(data)
    while data:
        data = data[os.write(fd, data[:CHUNK]):]


class Results:
    """Frames on a descriptor; the last one carries the digest of all before it."""

    def __init__(self, fd=3):
        self.fd, self.digest = fd, sha256()

    def head(self, kind, fields, size):
        parts = [field.encode("utf-8", "replace") for field in fields]
        meta = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        head = kind + len(meta).to_bytes(4, "big") + size.to_bytes(8, "big") + meta
        self.digest.update(head)
        return head

    def frame(self, kind, fields=(), body=b""):
        write_all(self.fd, self.head(kind, fields, len(body)))
        self.digest.update(body)
        write_all(self.fd, body)

    def end(self, exit_code, error_name="", error_value=""):
        head = self.head(b"E", (str(exit_code), error_name[:120], clip(error_value, 500)), 32)
        write_all(self.fd, head + self.digest.digest())


def clip(text, limit):
    return text if len(text) <= limit else text[:limit - 1] + "…"


def note(text):
    try:
        sys.stderr.write("countersign: " + text + "\n")
        sys.stderr.flush()
    except Exception:
        pass


class Budget:
    """How many items, and of which size, the job may still hand back."""

    def __init__(self, results, count, size):
        self.results, self.count, self.size = results, count, size
        self.left_out = 0

    def item(self, kind, name, body):
        if len(body) > self.size:
            note(f"{name or kind} has {len(body)} bytes and was not handed back "
                 f"(limit {self.size})")
        elif self.count == 0:
            self.left_out += 1
        else:
            self.count -= 1
            self.results.frame(b"I", (kind, name), body)

    def text(self, kind, text):
        if len(text) > TEXT_LIMIT // 4:
            half = TEXT_LIMIT // 8
            text = text[:half] + "\n… shortened …\n" + text[-half:]
        body = text.replace("\0", "\ufffd").encode("utf-8", "replace")
        self.results.frame(b"I", (kind, ""), body)

    def close(self):
        if self.left_out:
            note(f"{self.left_out} more were made but not handed back: the limit of this run "
                 "is reached")


class Incomplete(Exception):
    pass


class Frame:
    """Reads and checks one frame; runs nothing itself."""

    def __init__(self, fd, folder):
        self.fd, self.folder, self.digest = fd, folder, sha256()

    def read(self, size, sink=None):
        parts = []
        while size:
            part = os.read(self.fd, min(size, CHUNK))
            if not part:
                raise Incomplete
            self.digest.update(part)
            size -= len(part)
            if sink is None:
                parts.append(part)
            else:
                write_all(sink, part)
        return b"".join(parts)

    def number(self, size):
        return int.from_bytes(self.read(size), "big")

    def load(self):
        if self.read(8) != MAGIC:
            raise Incomplete
        attempt, fence = self.number(8), self.number(8)
        manifest_size, file_count, code_size = self.number(4), self.number(4), self.number(8)
        self.job, files = parse_manifest(self.read(manifest_size))
        if (self.job["attempt"], self.job["fence"]) != (str(attempt), str(fence)):
            raise Incomplete
        if len(files) != file_count:
            raise Incomplete
        self.inputs = {}
        for size, name in files:
            self.inputs[name] = self.load_file(size, name)
        code = self.read(code_size)
        expected = self.digest.digest()
        if self.read(32) != expected:
            raise Incomplete
        return code

    def load_file(self, size, name):
        if "/" in name or name.startswith(".") or self.number(8) != size:
            raise Incomplete
        fd = os.open(os.path.join(self.folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.read(size, fd)
        status = os.fstat(fd)
        os.close(fd)
        return status.st_ino, status.st_size, status.st_mtime_ns


def parse_manifest(data):
    job, files = {}, []
    for line in data.decode("utf-8").split("\n")[:-1]:
        key, _, value = line.partition(" ")
        if key == "file":
            size, _, name = value.partition(" ")
            files.append((int(size), name))
        else:
            job[key] = value
    return job, files


# ---- what a job leaves behind -----------------------------------------------------------------

def part(name):
    """Adds the functions of another file of ours, for the jobs that need them."""
    if name not in PARTS:
        PARTS.add(name)
        path = os.path.join(HERE, name + ".py")
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), globals())


def any_rich():
    """Can there be a table or a chart at all?"""
    return "pandas" in sys.modules or "matplotlib" in sys.modules


def show_value(value, budget):
    """The last expression: a table, a chart or its text."""
    if value is None:
        return
    if any_rich():
        part("show")
        if show_rich(value, budget):
            return
    budget.text("result", value if isinstance(value, str) else repr(value))


def show_charts(value, budget):
    if any_rich():
        part("show")
        collect_charts(value, budget)


def changed_files(inputs):
    """What is in the work folder now and was not sent as an input, as it was sent."""
    changed = []
    for name in sorted(os.listdir(WORK)):
        status = os.lstat(os.path.join(WORK, name))
        seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        if not name.startswith(".") and inputs.get(name) != seen:
            changed.append((name, status))
    return changed


def show_files(inputs, budget):
    changed = changed_files(inputs)
    if changed:
        part("show")
        collect_files(changed, budget)


def finish_threads():
    """As at the end of any Python program."""
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()


def finish_program():
    """After the charts were taken: matplotlib's own exit function closes all of them."""
    if "atexit" in sys.modules:
        sys.modules["atexit"]._run_exitfuncs()


def attempt(action, *arguments):
    """What the job did to itself may break any of these; the others are still done."""
    try:
        return action(*arguments)
    except BaseException as error:
        note(f"{action.__name__} failed: {type(error).__name__}: {error}")
        return None


# ---- Python -----------------------------------------------------------------------------------

class Source:
    """Lets tracebacks and inspect show the job's own lines."""

    def __init__(self, text):
        self.text = text

    def get_source(self, _name):
        return self.text


def new_main(text):
    main = type(sys)("__main__")
    main.__dict__.update(__builtins__=__builtins__, __file__=CODE_NAME, __loader__=Source(text))
    sys.modules["__main__"] = main
    sys.argv = [CODE_NAME]
    return main.__dict__


def split_last(text):
    """The code without its last expression, and that expression; both compiled."""
    import _ast

    tree = compile(text, CODE_NAME, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    last = None
    if tree.body and isinstance(tree.body[-1], _ast.Expr):
        last = _ast.Expression(tree.body.pop().value)
        last = compile(last, CODE_NAME, "eval", dont_inherit=True)
    return compile(tree, CODE_NAME, "exec", dont_inherit=True), last


def run_sql_part(code, frame, budget):
    part("sql")
    run_sql(code, frame, budget)


def run_python(code, _frame, _budget):
    text = code.decode("utf-8")  # decoded here: no coding cookie in it has a say
    space = new_main(text)
    body, last = split_last(text)
    exec(body, space)
    return eval(last, space) if last is not None else None


class Reported(Exception):
    """Name and text of an error whose traceback item was made already."""


def error_text(error):
    try:
        return str(error)
    except Exception:
        return ""


def open_sandbox():
    os.set_inheritable(3, False)
    os.makedirs("/work/.tmp", mode=0o700, exist_ok=True)
    import site
    if sys.prefix.startswith("/usr"):
        sys.path += [path for path in site.getsitepackages() if os.path.isdir(path)]
        site.setquit()
    else:
        site.main()  # an environment of one's own: its .pth files count
    open_streams()


def open_streams():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace", encoding="utf-8")


class NonGui:
    """Stands where a compiled pattern would: the module `re` takes longer than most jobs."""

    def match(self, text):
        return "non-GUI backend" in text


def quiet_show():
    """plt.show() has nothing to do here, and need not say so each time."""
    import warnings
    warnings.filters.insert(0, ("ignore", NonGui(), UserWarning, None, 0))


def close_input():
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def limit_processes(job):
    import resource
    most = int(job["pids"]) + 1  # bubblewrap's init
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def receive():
    frame = Frame(0, WORK)
    try:
        code = frame.load()
    except (Incomplete, ValueError, KeyError, OSError):
        os._exit(120)  # nothing was run
    close_input()
    return frame, code


RUNNERS = {"python": run_python, "sql": run_sql_part}


def run(frame, code, budget):
    """Gives the exit code, and an error's name and text."""
    value, end = None, (0, "", "")
    try:
        value = RUNNERS[frame.job["language"]](code, frame, budget)
    except SystemExit as left:
        status = left.code
        if status is not None and not isinstance(status, int):
            sys.stderr.write(error_text(status) + "\n")
            status = 1
        end = ((status or 0) & 255, "", "")
    except Reported as error:
        end = (1, *error.args)
    except BaseException as error:
        end = (1, type(error).__name__, error_text(error))
        attempt(part, "show")
        attempt(describe_error, error, budget)
    attempt(finish_threads)
    if end[0] == 0:
        attempt(show_value, value, budget)
    attempt(show_charts, value, budget)
    attempt(finish_program)
    attempt(show_files, frame.inputs, budget)
    attempt(budget.close)
    return end


def perform(frame, code, results):
    results.frame(b"S")
    quiet_show()
    os.chdir(WORK)
    budget = Budget(results, int(frame.job["files"]), int(frame.job["file_bytes"]))
    end = run(frame, code, budget)
    for stream in (sys.stdout, sys.stderr):
        attempt(stream.flush)
    results.end(*end)
    return end[0]


def main():
    if sys.argv[1:2] == ["remote"]:
        part("remote")
        remote_main()
    open_sandbox()
    if sys.argv[1:] == ["warm"]:
        part("show")
        warm_up()
    Results().frame(b"R")
    frame, code = receive()
    limit_processes(frame.job)
    os._exit(perform(frame, code, Results()))


if __name__ == "__main__":
    main()
