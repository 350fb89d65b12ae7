"""Part of bootstrap.py, loaded where no launcher of ours is: runs a job whose files were uploaded
beside this one. docs/sandbox.md says what lies in the folder and what is written to it."""


class Upload:
    """Checks what was uploaded against the manifest, and that against the digest in the command."""

    def __init__(self, folder, digest):
        self.folder, self.inputs = folder, {}
        data = self.checked("manifest", None, digest)
        self.job, files = {}, []
        for line in data.decode("utf-8").split("\n")[:-1]:
            key, _, value = line.partition(" ")
            if key == "file":
                files.append(value.split(" ", 2))
            else:
                self.job[key] = value
        os.makedirs(WORK, exist_ok=True)
        if os.listdir(WORK):
            raise Incomplete
        for number, (size, digest, name) in enumerate(files):
            if "/" in name or name.startswith("."):
                raise Incomplete
            source, path = f"input-{number}", os.path.join(WORK, name)
            self.checked(source, int(size), digest, keep=False)
            os.rename(os.path.join(folder, source), path)  # services never see the author's name
            status = os.stat(path)
            self.inputs[name] = status.st_ino, status.st_size, status.st_mtime_ns

    def checked(self, name, size, digest, keep=True):
        found, parts, total = sha256(), [], 0
        with open(os.path.join(self.folder, name), "rb", buffering=0) as file:
            for part in iter(lambda: file.read(CHUNK), b""):
                found.update(part)
                total += len(part)
                if keep:
                    parts.append(part)
        if found.hexdigest() != digest or size not in (None, total):
            raise Incomplete
        return b"".join(parts)

    def code(self):
        size, digest = self.job["code"].split(" ")
        return self.checked("code", int(size), digest)


def settle_environment():
    """As in a sandbox of our own, as far as the image leaves a choice."""
    import time
    os.environ.update(MPLBACKEND="Agg", TZ="UTC")
    time.tzset()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # services show all processors of their host


def create(folder, name):
    return os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def open_results(folder):
    os.close(create(folder, "begun"))  # there already: this folder's job was run, so never again
    return create(folder, "results.part")


def close_results(folder):
    os.rename(os.path.join(folder, "results.part"), os.path.join(folder, "results.bin"))


def remote_job(folder, digest):
    """In a process of its own; never returns."""
    try:
        frame = Upload(folder, digest)
        code = frame.code()
        results = open_results(folder)
    except (Incomplete, ValueError, KeyError, OSError):
        os._exit(120)  # nothing was run
    if results != 3:
        os.dup2(results, 3, inheritable=False)
        os.close(results)
    open_streams()
    exit_code = perform(frame, code, Results())
    close_results(folder)
    os._exit(exit_code)


def adopt_orphans():
    """Lets all that the job leaves behind become a child of this process."""
    try:
        import ctypes
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    except Exception:
        pass


def descendants(of):
    parents = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found = {of}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {of}
        found |= more


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_all():
    """What still runs would hold the output open, and the service waits for that."""
    for _ in range(100):
        left = descendants(os.getpid())
        for pid in left:
            try:
                os.kill(pid, 9)
            except OSError:
                pass
        reap()
        if not left:
            return


def remote_main():
    """Looks after the process that runs the job; ends with its code, or 128 + signal."""
    global WORK
    WORK = os.path.join(HERE, "work")
    settle_environment()
    close_input()
    adopt_orphans()
    child = os.fork()
    if child == 0:
        remote_job(HERE, sys.argv[2])
    status = os.waitpid(child, 0)[1]
    end_all()
    for mark in sys.argv[3:]:  # "mark": tells the output's last line from one that has no end
        write_all(1, b"\x1e")
        write_all(2, b"\x1e")
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def hand_back(value, count, size):
    """For a value that another program's cell has: a table of it, as a job's own would be."""
    results = Results(open_results(HERE))
    results.frame(b"S")
    budget = Budget(results, count, size)
    show_value(value, budget)
    budget.close()
    results.end(0)
    os.close(results.fd)
    close_results(HERE)
