"""Shows handgen's modules a system that is not POSIX; everything else in the process sees the real one.

Python imports this file at its start where its folder is in PYTHONPATH, so worker processes do too. In what handgen
imports, ``sys.platform`` is ``win32``, ``os`` and ``signal`` lack what Windows lacks, ``fcntl`` and its like cannot be
imported, and ``msvcrt`` can. A file that this process has open or mapped can be neither deleted nor replaced, and a
rename never replaces.
"""

import builtins
import errno
import importlib.abc
import importlib.machinery
import os
import shutil
import signal
import sys
import types

LACKING = {
    "os": {
        "chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups",
        "getloadavg", "getpgid", "getpgrp", "getpriority", "getsid", "getuid", "killpg", "lchown", "link", "major",
        "memfd_create", "minor", "mkfifo", "mknod", "nice", "openpty", "pathconf", "pidfd_open", "posix_fadvise",
        "posix_fallocate", "posix_spawn", "pread", "pwrite", "readlink", "register_at_fork", "sched_getaffinity",
        "sched_setaffinity", "sendfile", "setpgid", "setpriority", "setsid", "setuid", "statvfs", "symlink", "sync",
        "sysconf", "uname", "wait", "wait3", "waitid", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK",
        "O_TMPFILE",
    },
    "signal": {
        "SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGSTOP", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGQUIT",
        "alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt", "sigpending", "sigwait",
    },
}  # fmt: skip
"""Of each module what Windows lacks, or gives only to administrators."""
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
HAVING = {"os": {"name": "nt"}, "sys": {"platform": "win32"}}


class Shown(types.ModuleType):
    """A module, less what Windows lacks."""

    def __init__(self, real):
        super().__init__(real.__name__)
        self._real = real

    def __getattr__(self, name):
        module = self.__name__
        if name in LACKING.get(module, ()):
            raise AttributeError(f"{module}.{name} is not there on Windows")
        return HAVING.get(module, {}).get(name, getattr(self._real, name))


SHOWN = {module.__name__: Shown(module) for module in (os, signal, sys)}


def locked(handle, mode, count):
    """``msvcrt.locking`` by the locks that this machine has."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise OSError(errno.EACCES, "Permission denied") from None


SHOWN["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=locked)


def shown_import(name, globals=None, locals=None, fromlist=(), level=0):
    if name in MODULES:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)
    return SHOWN[name] if name in SHOWN else builtins.__import__(name, globals, locals, fromlist, level)


class Loader(importlib.machinery.SourceFileLoader):
    """Runs a module with imports of its own."""

    def exec_module(self, module):
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": shown_import}
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds handgen's modules."""

    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] != "handgen":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, Finder())


def in_use(path):
    """Whether this process has a file open, or mapped."""
    try:
        real = os.path.realpath(path)
        if not os.path.isfile(real):  # noqa: PTH113 - pathlib calls what is replaced here
            return False
        handles = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]  # noqa: PTH208
        if real in [os.path.realpath(handle) for handle in handles]:
            return True
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123
            return any(line.rstrip("\n").endswith(" " + real) for line in maps)
    except TypeError:  # a handle, not a path
        return False


def guarded(call, files, replaces=True):
    """Return ``call`` that refuses files in use; ``files`` tells how many of its arguments are files."""

    def checked(*paths, **options):
        for path in paths[:files]:
            if not options and in_use(path):
                raise PermissionError(errno.EACCES, "The process cannot access the file: it is in use", str(path))
        if not replaces and os.path.lexists(paths[1]):
            raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", str(paths[1]))
        return call(*paths, **options)

    return checked


shutil._use_fd_functions = False  # whole folders are deleted file by file, by path
os.unlink = os.remove = guarded(os.unlink, 1)
os.replace = guarded(os.replace, 2)
os.rename = guarded(os.rename, 2, replaces=False)
