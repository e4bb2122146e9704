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
from harness.processes import House, TestFailed, check, processes, wait_until

WORKLOADS = ["cart", "catalog", "checkout", "mailer", "orders", "payments", "search", "users"]
PROMOTIONS = 200
VERSIONS = [f"1.{number}.0" for number in range(1, PROMOTIONS // len(WORKLOADS) + 1)]
# All promotions together; on two slow processors with sanitizers they take about half of it.
SECONDS_MAX = 420
# Between two looks at what the promotions do, and between two kills.
LOOK_S = 0.05
PAUSE_S = (0.2, 1.2)
# How long the next push is waited for, and about how long one takes.
PUSH_WAIT_S = 2.0
PUSH_S = 0.03


def pipeline():
    return shop.PIPELINE_OF_DEV.replace("      automatic: true\n", "")


class Killer(threading.Thread):
    """Kills the server, the agent, a git that works for one of them, or one that is pushing, at random moments."""

    def __init__(self, heddle, git, dice):
        super().__init__(daemon=True)
        self.heddle, self.git, self.house, self.dice = heddle, git, heddle.house, dice
        self.kills = dict.fromkeys(["server", "agent", "git", "push"], 0)
        self.locks = 0
        self.is_over = threading.Event()
        self.trouble = None

    def run(self):
        try:
            while not self.is_over.wait(self.dice.uniform(*PAUSE_S)):
                # A push killed between its lock and its rename stops every later one, whoever pushes.
                self.locks += self.git.clear_stale_locks()
                self.kill(self.dice.choice(list(self.kills)))
        except (TestFailed, OSError, SystemExit) as why:
            self.trouble = why

    def kill(self, victim):
        for name in ("server", "agent-dev"):
            self.house.check_lives(name)  # what ends by itself is no kill
        if victim == "server":
            self.house.kill("server")
            self.heddle.start_server()
        elif victim == "agent":
            self.house.kill("agent-dev")
            self.heddle.start_agent("dev")
        elif not self.kill_git(victim == "push"):
            return
        self.kills[victim] += 1

    def gits(self, is_pushing):
        """Every git below the server, the agent and the Git host, or those that push or take a push."""
        found = self.house.descendants("server", "agent-dev", "git-http")
        wanted = {"push", "receive-pack"} if is_pushing else set()
        return [pid for pid, words in found
                if os.path.basename(words[0]).startswith("git") and (wanted & set(words) or not is_pushing)]

    def kill_git(self, is_pushing):
        """A push is waited for, and met at any moment of its short life."""
        end = time.monotonic() + (PUSH_WAIT_S if is_pushing else 0)
        while not (found := self.gits(is_pushing)) and time.monotonic() < end:
            time.sleep(0.005)
        if not found:
            return False
        victim = self.dice.choice(found)
        try:
            # The descriptor stays with this very process, whoever gets its number later.
            process = os.pidfd_open(victim)
        except ProcessLookupError:
            return False
        try:
            if victim not in self.gits(is_pushing):
                return False
            time.sleep(self.dice.uniform(0, PUSH_S) if is_pushing else 0)
            signal.pidfd_send_signal(process, signal.SIGKILL)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(process)

    def stop(self):
        self.is_over.set()
        self.join(60)
        if self.trouble:
            raise TestFailed(f"the killer failed: {self.trouble}")

    def figure(self):
        server, agent, git, push = self.kills.values()
        return (f"{server + agent + git + push} kills (server {server}, agent {agent}, git {git + push}, "
                f"{push} of them pushing; {self.locks} locks left on the host)")


class Driver:
    """Asks for the versions of one workload, one after the other, as a careful script would."""

    def __init__(self, heddle, workload):
        self.heddle, self.workload = heddle, workload
        self.left = list(VERSIONS)
        self.release = None
        self.where, self.trouble = "not asked for", None

    def step(self):
        """Go on as far as it goes without waiting; is everything done?"""
        if self.release is None and self.left:
            self.ask(self.left[0])
        if self.release is None:
            return not self.left
        seen = self.heddle.ask(f"/api/v1/releases/{self.release}")
        self.where = f"{seen['name']} is {seen['phase']}: {seen['why']}"
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
        if not plan["items"]:
            raise SystemExit(f"{reason}: nothing to promote: {plan['skipped']}")
        made = self.heddle.ask("/api/v1/releases",
                               {**wish, "planDigest": plan["digest"], "reason": reason})
        self.release = made["id"]


def drive(heddle, killer):
    """Until all is done, or the time is over: what is open then is lost."""
    drivers = [Driver(heddle, workload) for workload in WORKLOADS]
    end = time.monotonic() + SECONDS_MAX
    said = 0
    while drivers and not killer.trouble and time.monotonic() < end:
        for driver in list(drivers):
            try:
                if driver.step():
                    drivers.remove(driver)
            except (TestFailed, OSError, ValueError) as why:
                driver.trouble = why  # the server is dead just now; its successor answers
        time.sleep(LOOK_S)
        done = PROMOTIONS - sum(len(d.left) for d in drivers)
        if done >= said + 50:
            said = done - done % 50
            print(f"  {done} of {PROMOTIONS} promotions, {killer.figure()} so far", flush=True)
    for driver in drivers:
        print(f"  {driver.workload} {driver.left[0]} is still open: {driver.where} ({driver.trouble})", flush=True)


def releases_by_reason(heddle):
    found = {}
    for workload in WORKLOADS:
        for release in heddle.releases(workload=workload):
            found.setdefault(release["reason"], []).append(release)
    return found


def count_wrong(heddle, git):
    """Promotions without a release that is done and in Git, and promotions that are there twice."""
    made, commits = releases_by_reason(heddle), {}
    for commit, name, wave in git.release_commits():
        commits.setdefault(name, []).append((commit, wave))
    lost = doubled = 0
    for workload in WORKLOADS:
        for version in VERSIONS:
            releases = made.pop(f"{workload} {version}", [])
            written = [row for release in releases for row in commits.pop(release["name"], [])]
            lost += not any(release["phase"] == "done" for release in releases) or not written
            doubled += len(releases) > 1 or len(written) > 1
    check(not made, f"the store has releases that nobody asked for: {list(made)}")
    check(not commits, f"Git has commits of releases that the store does not know: {commits}")
    return lost, doubled


def check_agreement(heddle, git, first):
    """Store and Git tell the same: each commit after the first is the one wave of one release, in the
    store under that very name, and changes one line of that release's workload."""
    named = {commit: (name, wave) for commit, name, wave in git.release_commits()}
    stored = {release["commits"][0]: release for made in releases_by_reason(heddle).values() for release in made}
    changed = git.changed_lines(first)
    check(list(changed) == list(named), "every commit names its release")
    for commit, lines in changed.items():
        release = stored.get(commit)
        check(release, f"the store knows {commit} of {named[commit]}")
        check(named[commit] == (release["name"], "1/1"), f"{commit}: Git says {named[commit]}, the store {release}")
        check(lines == [f"1 1 clusters/dev/{release['workloads'][0]}.yaml"], f"{release['name']} changed {lines}")


def check_end(heddle, git, plane, digests):
    """Git and the cluster have the last version of everything."""
    for workload in WORKLOADS:
        want = digests[workload][VERSIONS[-1]]
        check(f":{VERSIONS[-1]}@{want}" in git.show(f"clusters/dev/{workload}.yaml"),
              f"Git has the last version of {workload}")
        wait_until(f"{workload} runs its last version",
                   lambda want=want, workload=workload: plane.running_digests("dev", workload) == {want}, 60)
    wait_until("heddle says so, too", lambda: heddle.all_healthy() == len(WORKLOADS), 60)


def state_of(house):
    """For whoever was not there: what was said last, and which git still lived."""
    gits = [" ".join(words)[:160] for _, _, words in processes() if "git" in words[0] and house.folder in str(words)]
    said = "\n".join(f"-- {name}:\n{house.log(name)[-2000:]}" for name in ("server", "git-http"))
    return f"alive: {gits}\n{said}"


def nothing_is_lost_or_doubled(program):
    seed = int(os.environ.get("HEDDLE_SEED") or random.randrange(1 << 32))
    print(f"  HEDDLE_SEED={seed}", flush=True)
    house = House()
    try:
        git = GitHost(house)
        registry = Registry(house)
        plane = ControlPlane(house, ["dev"])
        files = shop.files(registry, WORKLOADS, overlays=False)
        digests = {workload: push_versions(registry, f"shop/{workload}", VERSIONS) for workload in WORKLOADS}
        first = git.commit({path: text for path, text in files.items() if "/staging/" not in path}
                           | {"heddle.yaml": pipeline()}, "Begin with 1.0.0 everywhere")
        heddle = Heddle(house, program, git)
        heddle.start_server()
        heddle.add_agent("dev", plane.kubeconfig("dev"))
        wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == len(WORKLOADS), 90)
        wait_until("all versions are known", lambda: all(
            len(heddle.ask(f"/api/v1/versions?workload={w}")["items"]) > len(VERSIONS) for w in WORKLOADS), 60)
        killer = Killer(heddle, git, random.Random(seed))
        killer.start()
        drive(heddle, killer)
        killer.stop()
        wait_until("the server is there", heddle.is_ready)
        lost, doubled = count_wrong(heddle, git)
        print(f"  {PROMOTIONS} promotions, {killer.figure()}: {lost} lost, {doubled} doubled, seed {seed}", flush=True)
        check(lost == 0 and doubled == 0, f"a promotion was lost or doubled; {state_of(house)}")
        check_agreement(heddle, git, first)
        check_end(heddle, git, plane, digests)
    finally:
        house.close()


TESTS = [nothing_is_lost_or_doubled]
