"""Asks, from inside, everything that must hold of a local sandbox. One answer a line; what each
must be stands in preflight.c. Any other answer, or a missing one, switches the backend off."""
import ctypes
import hashlib
import importlib.metadata
import os
import platform
import resource
import socket
import sqlite3
import sys

libc = ctypes.CDLL(None, use_errno=True)


def say(name, answer):
    print(name, answer)


def tried(action):
    try:
        action()
        return "open"
    except OSError:
        return "refused"


def try_write(path):
    def action():
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.close(fd)
    return tried(action)


def try_overwrite(path):
    return tried(lambda: os.close(os.open(path, os.O_WRONLY)))


def system_call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    return "open" if result >= 0 else "refused" if ctypes.get_errno() in (1, 38) else "reached"


def descriptors():
    listing = os.open("/proc/self/fd", os.O_RDONLY)
    names = sorted(int(name) for name in os.listdir(listing))
    os.close(listing)
    # The folder itself, and the copy of it that listdir makes, are two of them.
    return " ".join(str(name) for name in names if name < listing)


status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines()
              if ":\t" in line)
say("uid", " ".join(map(str, os.getresuid())))
say("gid", " ".join(map(str, os.getresgid())))
say("descriptors", descriptors())
say("stdin", os.readlink("/proc/self/fd/0"))
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"):
    say(name, status[name].strip().lstrip("0") or "0")
say("processes", sum(name.isdigit() for name in os.listdir("/proc")))
say("hostname", socket.gethostname())
say("environment", " ".join(sorted(os.environ)))
say("top", " ".join(sorted(os.listdir("/"))))
say("passwd", tried(lambda: os.stat("/etc/passwd")))
say("interfaces", " ".join(line.split(":")[0].strip() for line in open("/proc/net/dev")
                           if ":" in line))
for name in ("cmdline", "cpuinfo", "keys", "version"):
    say("proc_" + name, tried(lambda: os.close(os.open("/proc/" + name, os.O_RDONLY))))

for name, family in (("inet", socket.AF_INET), ("inet6", socket.AF_INET6),
                     ("netlink", socket.AF_NETLINK), ("packet", socket.AF_PACKET),
                     ("vsock", 40), ("alg", 38), ("bluetooth", 31), ("xdp", 44),
                     ("unix", socket.AF_UNIX)):
    say("socket_" + name, tried(lambda: socket.socket(family, socket.SOCK_STREAM
                                                      if family != 44 else socket.SOCK_RAW)))

for path in ("/x", "/dev/x", "/usr/x", "/etc/x", "/run/x", "/proc/x", "/work/x", "/dev/shm/x"):
    say("write_" + path, try_write(path))
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory",
             "/proc/sysrq-trigger", "/run/bootstrap.py", "/usr/bin/env"):
    say("write_" + path, try_overwrite(path))
os.unlink("/work/x")
os.unlink("/dev/shm/x")

X86 = os.uname().machine == "x86_64"
CALLS = {  # x86_64, aarch64
    "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "ptrace": (101, 117),
    "personality": (135, 92), "bpf": (321, 280), "perf_event_open": (298, 241),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "setns": (308, 268),
    "unshare": (272, 97), "fsopen": (430, 430), "open_tree": (428, 428),
    "move_mount": (429, 429), "kexec_load": (246, 104), "init_module": (175, 105),
    "finit_module": (313, 273), "process_vm_readv": (310, 270), "pidfd_getfd": (438, 438),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "chroot": (161, 51),
    "setuid": (105, 146), "clone3": (435, 435), "seccomp": (317, 277), "unknown": (999, 999),
}
for name, numbers in CALLS.items():
    say("call_" + name, system_call(numbers[0 if X86 else 1], 0, 0, 0, 0, 0))
# New user namespace by clone, which is allowed for threads and processes.
say("call_clone_newuser", system_call(56 if X86 else 220, 0x10000000 | 17, 0, 0, 0, 0))

say("core", resource.getrlimit(resource.RLIMIT_CORE)[1])
say("file_bytes", resource.getrlimit(resource.RLIMIT_FSIZE)[1])
say("processes_limit", resource.getrlimit(resource.RLIMIT_NPROC)[1])
work = os.statvfs("/work")
say("work_bytes", work.f_frsize * work.f_blocks)


def image():
    """What a result may depend on besides the code: the interpreter's own bytes, what it says of
    itself, the SQLite it has, and each package it finds."""
    with open(os.path.realpath(sys.executable), "rb") as program:
        parts = [hashlib.sha256(program.read()).hexdigest()]
    parts += [sys.version, platform.machine(), sqlite3.sqlite_version]
    parts += sorted({f"{each.metadata['Name']}=={each.version}"
                     for each in importlib.metadata.distributions()})
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


say("image", image())
