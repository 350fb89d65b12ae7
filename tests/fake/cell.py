"""Runs cells as a Jupyter kernel does: reads {"id", "code", "env"} lines from descriptor 0 and
writes what comes of each as lines on descriptor 4, in the words of E2B's /execute stream.
{"interrupt": true} stops the cell that runs."""
import base64
import builtins
import codecs
import datetime
import json
import math
import os
import sys
import threading

HERE = sys.modules["__main__"]  # keeps this module when the cells' own takes its name
CHANNEL = 4
FLUSH_SECONDS = 0.1
MARK = b"\0\xf5mark\0"


# ---- the channel ------------------------------------------------------------------------------

class Channel:
    def __init__(self):
        self.lock = threading.RLock()
        self.cell = None

    def send(self, kind, **fields):
        line = {"cell": self.cell, "line": {"type": kind, **fields}}
        data = memoryview((json.dumps(line) + "\n").encode("ascii"))
        with self.lock:
            while data:
                data = data[os.write(CHANNEL, data):]


channel = Channel()


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")


# ---- stdout and stderr ------------------------------------------------------------------------

class Stream:
    """sys.stdout or sys.stderr: pieces are gathered for a moment, then sent."""
    encoding, errors, closed, newlines = "utf-8", "replace", False, None

    def __init__(self, kind, fd):
        self.name, self.kind, self.fd = f"<{kind}>", kind, fd
        self.lock, self.parts, self.pid = threading.RLock(), [], os.getpid()
        self.buffer = Binary(self)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self.pid:  # a forked child has no channel of its own
            os.write(self.fd, text.encode("utf-8", "replace"))
            return len(text)
        with self.lock:
            for other in streams:
                if other is not self:
                    other.flush()
            self.parts.append(text)
        pending.set()
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        with self.lock:
            text, self.parts = "".join(self.parts), []
            if text and os.getpid() == self.pid:
                channel.send(self.kind, text=text, timestamp=now())

    def fileno(self):
        return self.fd

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def close(self):
        pass


class Binary:
    def __init__(self, stream):
        self.stream, self.decoder = stream, codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data):
        self.stream.write(self.decoder.decode(bytes(data)))
        return len(data)

    def flush(self):
        self.stream.flush()


class Pipe(threading.Thread):
    """What reaches the descriptor itself: child processes and C libraries."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.seen = stream, threading.Event()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.reader, writer = os.pipe()
        os.dup2(writer, stream.fd)
        os.close(writer)

    def run(self):
        rest = b""
        while True:
            rest += os.read(self.reader, 65536)
            *parts, rest = rest.split(MARK)
            for part in parts:
                self.take(part)
                self.seen.set()
            held = next((n for n in range(len(MARK) - 1, 0, -1) if rest.endswith(MARK[:n])), 0)
            self.take(rest[:len(rest) - held])
            rest = rest[len(rest) - held:]

    def take(self, data):
        text = self.decoder.decode(data)
        if text:
            channel.send(self.stream.kind, text=text, timestamp=now())

    def drain(self):
        self.seen.clear()
        os.write(self.stream.fd, MARK)
        self.seen.wait(2)


pending = threading.Event()
streams = [Stream("stdout", 1), Stream("stderr", 2)]
pipes = []


def flush_often():
    while True:
        pending.wait()
        threading.Event().wait(FLUSH_SECONDS)
        pending.clear()
        for stream in streams:
            stream.flush()


# ---- results ----------------------------------------------------------------------------------

KINDS = {"text/plain": "text", "text/html": "html", "text/markdown": "markdown",
         "image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpeg",
         "application/pdf": "pdf", "text/latex": "latex", "application/json": "json",
         "application/javascript": "javascript", "e2b/data": "data", "e2b/chart": "chart"}


def clean(value):
    """As Jupyter makes JSON of it: NaN is the text "nan", bytes are base64 with a line feed."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return repr(value) if math.isnan(value) or math.isinf(value) else float(value)
    if isinstance(value, bytes):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return clean(value.item())
    return str(value)


def send_result(data, main):
    for stream in streams:
        stream.flush()
    fields, extra = {}, {}
    for kind, value in data.items():
        (fields if kind in KINDS else extra)[KINDS.get(kind, kind)] = clean(value)
    text = fields.get("text", "")
    if len(text) > 1 and text[0] == text[-1] == "'":
        fields["text"] = text[1:-1]
    fields = {key: value for key, value in fields.items() if value is not None}
    channel.send("result", **fields, extra=extra, is_main_result=main)


def make_shell():
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.error import StdinNotImplementedError
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            send_result(format_dict, True)

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, source=None, *, transient=None, update=False,
                    **_kwargs):
            if not update:
                send_result(data, False)

        def clear_output(self, wait=False):
            pass

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def init_hooks(self):
            super().init_hooks()
            self.set_hook("show_in_pager", lambda _shell, data, *_: send_result(
                data if isinstance(data, dict) else {"text/plain": data}, False), 99)

        def _showtraceback(self, etype, evalue, stb):
            for stream in streams:
                stream.flush()
            try:
                value = str(evalue)
            except Exception:
                value = "<unprintable>"
            channel.send("error", name=etype.__name__, value=value, traceback="".join(stb))

        def enable_gui(self, gui=None):
            pass

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = os.environ.pop("CELL_COLORS", "NoColor")
    shell = Shell.instance(config=config)

    def no_input(_prompt=""):
        raise StdinNotImplementedError(
            "raw_input was called, but this frontend does not support input requests.")

    builtins.input = no_input
    add_formatters(shell)
    return shell


def add_formatters(shell):
    from IPython.core.formatters import BaseFormatter
    from traitlets import ObjectName, Unicode

    class DataFormatter(BaseFormatter):
        format_type = Unicode("e2b/data")
        print_method = ObjectName("_repr_e2b_data_")
        _return_type = (dict, str)

    class ChartFormatter(BaseFormatter):
        format_type = Unicode("e2b/chart")
        print_method = ObjectName("_repr_e2b_chart_")
        _return_type = (dict, str)

        def __call__(self, value):  # matplotlib takes away what is registered for its figures
            if type(value).__module__ == "matplotlib.figure":
                return chart(value)
            return super().__call__(value)

    def chart(figure):
        sys.path.insert(0, "/run/fake")
        try:
            import cell_chart
        finally:
            sys.path.remove("/run/fake")
        return cell_chart.chart_of(figure)

    formatters = shell.display_formatter.formatters
    formatters["e2b/data"] = DataFormatter(parent=shell.display_formatter)
    formatters["e2b/chart"] = ChartFormatter(parent=shell.display_formatter)
    formatters["e2b/data"].for_type_by_name(
        "pandas.core.frame", "DataFrame", lambda frame: frame.to_dict(orient="list"))


# ---- cells ------------------------------------------------------------------------------------

def with_variables(code, env):
    """As the service does it: the values are pasted, not escaped."""
    lines = [f"os.environ['{key}'] = '{value}'" for key, value in env.items()]
    return "\n".join(["import os", *lines, code]) if lines else code


class Kernel:
    def __init__(self):
        self.shell = make_shell()
        self.main = threading.main_thread().ident
        self.ready, self.cells, self.running = threading.Condition(), [], False

    def read(self):
        """In a thread of its own, so that an interrupt comes through while a cell runs."""
        with os.fdopen(os.dup(0), "rb") as requests:
            for line in requests:
                self.take(json.loads(line))
        os._exit(0)

    def take(self, request):
        import signal

        with self.ready:
            if not request.get("interrupt"):
                self.cells.append(request)
                self.ready.notify()
            elif self.running:
                signal.pthread_kill(self.main, signal.SIGINT)
            elif self.cells:  # it has not begun
                self.cells[-1]["code"] = "raise KeyboardInterrupt"

    def next(self):
        with self.ready:
            while not self.cells:
                self.ready.wait()
            self.running = True
            return self.cells.pop(0)

    def run(self):
        while True:
            try:
                cell = self.next()
                self.run_cell(cell)
            except KeyboardInterrupt:  # it came between two cells
                pass

    def run_cell(self, cell):
        channel.cell = cell["id"]
        env = cell.get("env") or {}
        channel.send("number_of_executions", execution_count=self.shell.execution_count)
        try:
            self.shell.run_cell(with_variables(cell["code"], env), store_history=True)
        finally:
            with self.ready:
                self.running = False
            for key in env:
                os.environ.pop(key, None)
            for stream, pipe in zip(streams, pipes):
                stream.flush()
                pipe.drain()
            channel.send("end_of_execution")


def main():
    pipes.extend(Pipe(stream) for stream in streams)
    sys.stdout, sys.stderr = streams
    for pipe in pipes:
        pipe.start()
    threading.Thread(target=flush_often, daemon=True).start()
    sys.path[0] = ""
    sys.argv = [""]
    kernel = Kernel()
    threading.Thread(target=kernel.read, daemon=True).start()
    os.set_inheritable(CHANNEL, False)
    channel.send("ready")
    kernel.run()


main()
