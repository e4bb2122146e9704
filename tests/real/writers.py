"""Four writers of one branch, two over HTTP and two over SSH, while the Git host dies in mid-push 300 times."""
import os
import random
import signal
import time

from harness.parts import ROOT, GitHost
from harness.processes import House, check, run, wait_until

WRITERS = {"ada": False, "ben": True, "eva": False, "tom": True}  # name: over SSH?
KILLS = 300
# Two processors that are free need less than a third of it; those of a busy machine may need all.
SECONDS_MAX = 500
# About as long as the host is at work for one push.
PUSH_S = 0.04
# A kill of a whole server takes its other pushes with it; most kills are of one push only.
SERVER_KILLS_OF_100 = 10
# Of the pushes that were met, so many come in; and so long one of the other side is waited for.
SPARED_OF_100 = 12
SIDE_S = 0.3
# More than is ever read: the host has it, and no mirror.
HUGE_BYTES = (16 << 20) + 1
# git may wait for ever for the answer of a host that died, and is killed after two minutes.
END_S = 180


def writer_argv(program, house, git, name, over_ssh):
    tool = os.path.join(os.path.dirname(program), "tests/real/writer/git_writer")
    check(os.path.exists(tool), f"{tool} is missing; build all")
    where = ([git.ssh_url, house.path("stop"), git.ssh_key, git.known_hosts] if over_ssh
             else [git.http_url, house.path("stop"), git.USER, git.password_file])
    return [tool, name, house.path(f"mirror-{name}"), *where]


def children(pid):
    """Without a look at every process there is: a push is short."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
            return [int(word) for word in text.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as text:
            return text.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Killer:
    """Kills what takes a push: the process of the push, the SSH session around it, or the HTTP server with all in it."""

    def __init__(self, house, git, dice):
        self.house, self.git, self.dice = house, git, dice
        self.kills = dict.fromkeys(["push over HTTP", "push over SSH", "session", "server"], 0)
        self.locks = 0

    def pushes(self):
        """(pid, over SSH?, its session's pid) of each push that the host takes right now."""
        for name in ("git-http", "git-ssh"):
            for session in children(self.house.processes[name].pid):
                below = [session]
                for pid in below:
                    below += children(pid)
                    if "receive-pack" in command_line(pid):
                        yield pid, name == "git-ssh", session

    def victim(self):
        """A push at the side that was struck less often, if there is one soon; now and then none, so that some come in."""
        sides = [self.kills["push over HTTP"] + self.kills["server"], self.kills["push over SSH"] + self.kills["session"]]
        end = time.monotonic() + SIDE_S
        while True:
            found = list(self.pushes())
            of_side = [push for push in found if push[1] == (sides[1] < sides[0])]
            if of_side or (found and time.monotonic() > end):
                return self.dice.choice(of_side or found)
            if time.monotonic() > end:
                return None
            time.sleep(0.005)

    def strike(self):
        """Wait for a push, and kill it at any moment of its short life; was it still there?"""
        if not (found := self.victim()):
            return False
        pid, over_ssh, session = found
        if self.dice.randrange(100) < SPARED_OF_100:
            wait_until("a push that is spared ends", lambda: not command_line(pid))
            return False
        is_wide = self.dice.randrange(100) < SERVER_KILLS_OF_100
        try:
            process = os.pidfd_open(pid)
            around = os.pidfd_open(session)
        except ProcessLookupError:
            return False
        try:
            time.sleep(self.dice.uniform(0, PUSH_S))
            signal.pidfd_send_signal(process, 0)
            if is_wide and not over_ssh:
                self.git.kill_http()
            else:
                signal.pidfd_send_signal(around if is_wide else process, signal.SIGKILL)
        except ProcessLookupError:
            return False
        finally:
            os.close(process)
            os.close(around)
        kind = ("session" if over_ssh else "server") if is_wide else "push over SSH" if over_ssh else "push over HTTP"
        self.kills[kind] += 1
        return True

    def run(self):
        end = time.monotonic() + SECONDS_MAX
        while sum(self.kills.values()) < KILLS:
            check(time.monotonic() < end, f"{KILLS} kills in {SECONDS_MAX} s: {self.figure()}")
            for name in WRITERS:
                self.house.check_lives(name)
            # A push killed between its lock and its rename stops every later one, whoever pushes.
            self.locks += self.git.clear_stale_locks(1.0)
            self.strike()

    def figure(self):
        return (f"{sum(self.kills.values())} kills (" + ", ".join(f"{kind} {count}" for kind, count in self.kills.items())
                + f"; {self.locks} locks left on the host)")


def taken(house, name):
    """(commit, number) of whatever the writer was told that the branch has."""
    with open(house.path(name + ".log"), encoding="utf-8") as text:
        return [tuple(line.split()) for line in text if len(line.split()) == 2]


def check_branch(git, first, told):
    """Each commit that a writer was told of is in the branch once, nothing else is, and each says its one line."""
    text = run(["git", "-C", git.bare, "log", "--reverse", "--format=%H %an %(trailers:key=Heddle-Release,valueonly)",
                f"{first}..main"])
    history = [line.split() for line in text.splitlines() if line]
    wanted = {commit: f"{name}-{number}" for name, rows in told.items() for commit, number in rows}
    names = [name for _, _, name in history]
    lost = len(set(wanted.values()) - set(names))
    doubled = len(names) - len(set(names))
    torn = sum(wanted.get(commit) != name for commit, _, name in history)
    for name, rows in told.items():
        check([number for _, number in rows] == [str(n + 1) for n in range(len(rows))], f"{name} counts on: {rows[-3:]}")
        torn += rows != [] and git.show(f"writers/{name}").strip() != rows[-1][1]
    for commit, lines in git.changed_lines(first).items():
        torn += len(lines) != 1 or not lines[0].endswith(f" writers/{wanted.get(commit, '?').split('-')[0]}")
    return len(history), torn, doubled, lost


def check_mirrors(house):
    """They are partial clones."""
    for name in WRITERS:
        size = sum(os.stat(os.path.join(folder, file)).st_size
                   for folder, _, files in os.walk(house.path(f"mirror-{name}")) for file in files)
        check(size < HUGE_BYTES, f"the mirror of {name} has no files that are never read: {size} bytes")


def four_writers_lose_nothing_while_the_host_dies_in_mid_push(program):
    seed = int(os.environ.get("HEDDLE_SEED") or random.randrange(1 << 32))
    house = House()
    try:
        git = GitHost(house)
        first = git.commit({"README": "Four write here.\n", "huge.bin": os.urandom(HUGE_BYTES)}, "Begin")
        for name, over_ssh in WRITERS.items():
            house.start(name, writer_argv(program, house, git, name, over_ssh), {"ASAN_OPTIONS": "detect_leaks=0"})
        killer = Killer(house, git, random.Random(seed))
        killer.run()
        house.write("stop", "")
        for name in WRITERS:
            process = house.processes[name]
            wait_until(f"{name} ends what it has begun", lambda process=process: git.clear_stale_locks(1.0) < 0
                       or process.poll() is not None, END_S)
            check(process.returncode == 0, f"{name} ended with {process.returncode}: {house.log(name)[-600:]}")
        fsck = run(["git", "-C", git.bare, "fsck", "--strict", "--no-dangling", "main"], expect=None)
        check("error" not in fsck and "missing" not in fsck, f"the repository is whole: {fsck[-600:]}")
        commits, torn, doubled, lost = check_branch(git, first, {name: taken(house, name) for name in WRITERS})
        print(f"  {commits} commits, {killer.figure()}: {torn} torn, {doubled} doubled, {lost} lost, seed {seed}", flush=True)
        for name in WRITERS:
            print(f"  {name}: {house.log(name).splitlines()[-1]}", flush=True)
        check_mirrors(house)
        check(commits >= len(WRITERS) and torn == 0 and doubled == 0 and lost == 0, "nothing is torn, doubled or lost")
    finally:
        house.close()


TESTS = [four_writers_lose_nothing_while_the_host_dies_in_mid_push]
