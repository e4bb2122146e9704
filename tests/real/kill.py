"""SIGKILL at random points of 200 promotions: none is lost, none is doubled, store and Git agree."""
import os
import random
import signal
import threading
import time

from harness import shop
from harness.heddle import Heddle
from harness.oci import push_versions
from harness.parts import ControlPlane, GitHost, Registry
from harness.processes import House, TestFailed, check, wait_until

WORKLOADS = ["cart", "catalog", "checkout", "mailer", "orders", "payments", "search", "users"]
PROMOTIONS = 200
VERSIONS = [f"1.{number}.0" for number in range(1, PROMOTIONS // len(WORKLOADS) + 1)]
# All promotions together; on two slow processors with sanitizers they take about half of it.
SECONDS_MAX = 420
PAUSE_S = (0.2, 1.2)


def pipeline():
    return shop.PIPELINE_OF_DEV.replace("      automatic: true\n", "")


class Killer(threading.Thread):
    """Kills the server, the agent, or a git that works for the server, at random moments."""

    def __init__(self, heddle, dice):
        super().__init__(daemon=True)
        self.heddle, self.dice = heddle, dice
        self.kills = {"server": 0, "agent": 0, "git": 0}
        self.is_over = threading.Event()
        self.trouble = None

    def run(self):
        try:
            while not self.is_over.wait(self.dice.uniform(*PAUSE_S)):
                self.kill(self.dice.choice(["server", "agent", "git", "git"]))
        except (TestFailed, OSError) as why:
            self.trouble = why

    def kill(self, victim):
        if victim == "server":
            self.heddle.house.kill("server")
            self.heddle.start_server()
        elif victim == "agent":
            self.heddle.house.kill("agent-dev")
            self.heddle.start_agent("dev")
        elif not self.kill_git():
            return
        self.kills[victim] += 1

    def kill_git(self):
        """A git of the server's (fetch, commit, push), or the one that answers it on the host."""
        parents = {self.heddle.house.processes["server"].pid, self.heddle.house.processes["git-http"].pid}
        found = [pid for pid, parent, name in processes() if parent in parents and name.startswith("git")]
        if not found:
            return False
        try:
            os.kill(self.dice.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def stop(self):
        self.is_over.set()
        self.join(60)
        if self.trouble:
            raise TestFailed(f"the killer failed: {self.trouble}")


def processes():
    """(pid, parent's pid, name) of every process."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    head, tail = stat.read().rsplit(")", 1)
                yield int(entry), int(tail.split()[1]), head.split("(", 1)[1]
            except (FileNotFoundError, ProcessLookupError):
                continue


class Driver:
    """Asks for the versions of one workload, one after the other, as a careful script would."""

    def __init__(self, heddle, workload):
        self.heddle, self.workload = heddle, workload
        self.left = list(VERSIONS)
        self.release = None

    def step(self):
        """Go on as far as it goes without waiting; is everything done?"""
        if self.release is None and self.left:
            self.ask(self.left[0])
        if self.release is None:
            return not self.left
        seen = self.heddle.ask(f"/api/v1/releases/{self.release}")
        if seen["phase"] == "done":
            self.release = None
            self.left.pop(0)
        elif seen["isOver"]:
            raise SystemExit(f"{self.workload}: R-{self.release} ended as {seen['phase']}: {seen['why']}")
        return False

    def ask(self, version):
        """An answer may be lost with the server: whether it was taken, the list of releases knows."""
        reason = f"{self.workload} {version}"
        known = [r for r in self.heddle.releases(workload=self.workload) if r["reason"] == reason]
        if known:
            self.release = known[0]["id"]
            return
        wish = {"to": "dev", "from": "registry", "version": version, "workloads": [self.workload]}
        plan = self.heddle.ask("/api/v1/plans", wish)
        check(plan["items"], f"{reason}: nothing to promote: {plan['skipped']}")
        made = self.heddle.ask("/api/v1/releases",
                               {**wish, "planDigest": plan["digest"], "reason": reason})
        self.release = made["id"]


def drive(heddle, killer):
    drivers = [Driver(heddle, workload) for workload in WORKLOADS]
    end = time.monotonic() + SECONDS_MAX
    said = 0
    while drivers:
        check(time.monotonic() < end and not killer.trouble,
              f"{sum(len(d.left) for d in drivers)} promotions are still open: {killer.trouble}")
        for driver in list(drivers):
            try:
                if driver.step():
                    drivers.remove(driver)
            except (TestFailed, OSError, ValueError):
                time.sleep(0.05)  # the server is dead just now; its successor answers
        done = PROMOTIONS - sum(len(d.left) for d in drivers)
        if done >= said + 50:
            said = done - done % 50
            print(f"  {done} of {PROMOTIONS} promotions, kills so far: {killer.kills}", flush=True)


def count_wrong(heddle, git):
    """Releases that are not done or have no commit, and commits beyond one for each release."""
    commits = {}
    for name, wave in git.releases():
        commits.setdefault(name, []).append(wave)
    done = {}
    for workload in WORKLOADS:
        for release in heddle.releases(workload=workload):
            done.setdefault(release["reason"], []).append(release)
    lost = doubled = 0
    for workload in WORKLOADS:
        for version in VERSIONS:
            made = done.pop(f"{workload} {version}", [])
            names = [f"R-{release['id']}" for release in made]
            written = [wave for name in names for wave in commits.pop(name, [])]
            lost += not any(release["phase"] == "done" for release in made) or not written
            doubled += len(made) > 1 or len(written) > 1
    check(not done, f"the store has releases that nobody asked for: {list(done)}")
    check(not commits, f"Git has commits of releases that the store does not know: {commits}")
    return lost, doubled


def check_end(heddle, git, plane, digests):
    """Git and the cluster have the last version of everything."""
    for workload in WORKLOADS:
        want = digests[workload][VERSIONS[-1]]
        check(f":{VERSIONS[-1]}@{want}" in git.show(f"clusters/dev/{workload}.yaml"),
              f"Git has the last version of {workload}")
        wait_until(f"{workload} runs its last version",
                   lambda want=want, workload=workload: plane.running_digests("dev", workload) == {want}, 60)
    wait_until("heddle says so, too", lambda: heddle.all_healthy() == len(WORKLOADS), 60)


def nothing_is_lost_or_doubled(program):
    seed = int(os.environ.get("HEDDLE_SEED") or random.randrange(1 << 32))
    house = House()
    try:
        git = GitHost(house)
        registry = Registry(house)
        plane = ControlPlane(house, ["dev"])
        files = shop.files(registry, WORKLOADS, overlays=False)
        digests = {workload: push_versions(registry, f"shop/{workload}", VERSIONS) for workload in WORKLOADS}
        git.commit({path: text for path, text in files.items() if "/staging/" not in path}
                   | {"heddle.yaml": pipeline()}, "Begin with 1.0.0 everywhere")
        heddle = Heddle(house, program, git)
        heddle.start_server()
        heddle.add_agent("dev", plane.kubeconfig("dev"))
        wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == len(WORKLOADS), 90)
        wait_until("all versions are known", lambda: all(
            len(heddle.ask(f"/api/v1/versions?workload={w}")["items"]) > len(VERSIONS) for w in WORKLOADS), 60)
        killer = Killer(heddle, random.Random(seed))
        killer.start()
        drive(heddle, killer)
        killer.stop()
        lost, doubled = count_wrong(heddle, git)
        kills = ", ".join(f"{name} {count}" for name, count in killer.kills.items())
        print(f"  {PROMOTIONS} promotions, {sum(killer.kills.values())} kills ({kills}): "
              f"{lost} lost, {doubled} doubled, seed {seed} (HEDDLE_SEED)", flush=True)
        check(lost == 0 and doubled == 0, "a promotion was lost or doubled")
        check_end(heddle, git, plane, digests)
    finally:
        house.close()


TESTS = [nothing_is_lost_or_doubled]
