"""Processes that end with the test, free ports, and waiting for conditions with deadlines."""
import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class TestFailed(Exception):
    """A claim of the test does not hold; the text says which."""


# Below the range from which the system takes the ports of outgoing connections: one of those could
# sit on the port before its server listens there, or while a server that was killed is away.
PORTS = range(12000, 32000)
_given = set()


def free_port(count=1):
    """The first of `count` neighbouring ports that nobody uses; none is given twice."""
    for _ in range(200):
        first = random.randrange(PORTS.start, PORTS.stop - count)
        wanted = set(range(first, first + count))
        if not wanted & _given and all(is_free(port) for port in wanted):
            _given.update(wanted)
            return first
    raise TestFailed(f"no {count} free ports")


def is_free(port):
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return True
    except OSError:
        return False


def wait_until(what, condition, seconds=60):
    """Look until condition() gives something; a TestFailed names what was waited for."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            found = condition()
            if found:
                return found
        except (OSError, TestFailed) as why:
            last = why
        time.sleep(0.1)
    raise TestFailed(f"{what}: not within {seconds} s" + (f" ({last})" if last else ""))


def check(holds, what):
    if not holds:
        raise TestFailed(what)


class House:
    """A temporary folder, and every process that lives in it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="heddle-real-")
        self.processes = {}
        atexit.register(self.close)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        return path

    def start(self, name, argv, env=None):
        """Start a process in a session of its own; its output goes to NAME.log."""
        with open(self.path(name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(env or {})})
        return self.processes[name]

    def stop(self, name, how=signal.SIGTERM, seconds=20):
        """End a process and what it started, by its own session."""
        process = self.processes.pop(name, None)
        if not process:
            return
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            pass
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self, name):
        self.stop(name, signal.SIGKILL)

    def descendants(self, *names):
        """(pid, words of the command line) of whatever these processes have started, and so on."""
        known = {process.pid for name in names if (process := self.processes.get(name))}
        rest, found, grown = list(processes()), [], True
        while grown:
            below = [row for row in rest if row[1] in known and row[0] not in known]
            known |= {pid for pid, _, _ in below}
            found += [(pid, words) for pid, _, words in below]
            grown = bool(below)
        return found

    def check_lives(self, name):
        """For who waits for a process: one that has ended never becomes ready.  Its last words say why."""
        code = self.processes[name].poll()
        if code is not None:
            raise SystemExit(f"{name} ended with {code}: {self.log(name)[-600:]}")

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as text:
            return text.read()

    def close(self):
        for name in reversed(list(self.processes)):
            self.stop(name)
        for pid, _, words in list(processes()):
            # A git whose parent was killed may wait for an answer that never comes.
            if any(self.folder in word for word in words) and pid != os.getpid():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        if not os.environ.get("HEDDLE_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def processes():
    """(pid, parent's pid, words of the command line) of every process that lives."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    parent = int(stat.read().rsplit(")", 1)[1].split()[1])
                with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as line:
                    words = line.read().split("\0")[:-1]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if words:  # a dead one that nobody has asked after has none
                yield int(entry), parent, words


def run(argv, env=None, folder=None, seconds=60, expect=0):
    """Run a program to its end; its output.  `expect` None takes any exit code."""
    done = subprocess.run(argv, env={**os.environ, **(env or {})}, cwd=folder, timeout=seconds,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    if expect is not None and done.returncode != expect:
        raise TestFailed(f"{' '.join(argv[:4])} ended with {done.returncode}: {done.stdout[-600:]}")
    return done.stdout
