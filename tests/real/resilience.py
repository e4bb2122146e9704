"""Whatever is killed, wherever: the release goes on by itself, once; agents need no server."""
import contextlib
import os
import signal
import time

from harness.processes import check, run, wait_until
from harness.world import World

WORKLOADS = ["cart", "orders", "web"]
# What is changed by hand is put back within seconds; this is the bound of the test, not the goal.
PUT_BACK_S = 10


def approve(world, release):
    world.heddle.cli("approve", f"R-{release}", "-m", "ok", token_file=world.heddle.token("mia", "approve"))


def ask_for(world, stage, *workloads, **more):
    wish = {"to": stage, "workloads": list(workloads), **more}
    plan = world.heddle.ask("/api/v1/plans", wish)
    made = world.heddle.ask("/api/v1/releases", {**wish, "planDigest": plan["digest"], "reason": "a test"})
    return made["id"]


def kill_server(world):
    world.house.kill("server")
    world.heddle.start_server()


def phase_of(world, release):
    return world.heddle.ask(f"/api/v1/releases/{release}")["phase"]


def wait_for(world, release, phase, seconds=60):
    """Reach a phase, or be past it: phases are short."""
    order = ["planned", "needs_approval", "queued", "committing", "syncing", "rolling_out", "verifying", "done"]
    wait_until(f"R-{release} is {phase}",
               lambda: order.index(phase_of(world, release)) >= order.index(phase), seconds)


def check_done_once(world, release, waves=1):
    world.heddle.wait_phase(release, "done")
    commits = [row for row in world.git.releases() if row[0] == f"R-{release}"]
    want = [(f"R-{release}", f"{wave}/{waves}") for wave in range(1, waves + 1)]
    check(commits == want, f"R-{release} has one commit per wave: {commits}")


@contextlib.contextmanager
def hook(world, name, script):
    """A hook of the Git host, for as long as the block lasts."""
    path = os.path.join(world.git.bare, "hooks", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    try:
        yield
    finally:
        os.unlink(path)


# ---- the server ----

def the_server_is_killed_on_the_way_to_dev(world):
    """At each phase of an automatic promotion, from the push to the ready pods."""
    for number, phase in enumerate(["planned", "committing", "syncing", "rolling_out"], start=1):
        before = world.newest(stage="dev")
        world.registry.push("shop/cart", f"1.{number}.0")
        release = wait_until("dev has a new release", lambda before=before: (
            lambda now: now and (not before or now["id"] > before["id"]) and now)(world.newest(stage="dev")), 30)
        wait_for(world, release["id"], phase)
        kill_server(world)
        check_done_once(world, release["id"])
        check(world.heddle.runs("dev", "cart", f"1.{number}.0"), f"dev runs 1.{number}.0")


def the_server_is_killed_while_prod_waits_and_between_waves(world):
    """The request, the approval and the first wave survive."""
    wait_until("staging has it", lambda: world.heddle.runs("staging", "cart", "1.4.0"), 120)
    release = ask_for(world, "prod", "cart")
    world.heddle.wait_phase(release, "needs_approval")
    kill_server(world)
    check(phase_of(world, release) == "needs_approval", "it still waits")
    approve(world, release)
    kill_server(world)
    wait_until("the first wave is committed", lambda: (f"R-{release}", "1/2") in world.git.releases(), 60)
    kill_server(world)
    wait_until("the second wave is committed", lambda: (f"R-{release}", "2/2") in world.git.releases(), 60)
    kill_server(world)
    check_done_once(world, release, waves=2)
    approvals = world.heddle.ask(f"/api/v1/releases/{release}")["approvals"]
    check([a["person"] for a in approvals] == ["mia"], f"who approved is known: {approvals}")


def the_server_is_killed_in_a_rollback(world):
    """It goes on, and the hold stands."""
    world.heddle.cli("rollback", "cart", "-s", "dev", "-m", "crashes", "--no-wait")
    release = world.newest(stage="dev")
    kill_server(world)
    check_done_once(world, release["id"])
    check(release["kind"] == "rollback", "it is a rollback")
    check("crashes" in world.heddle.cli("get", "holds"), "automation is held")
    world.heddle.cli("resume", "cart", "-s", "dev")
    wait_until("dev takes 1.4.0 again", lambda: world.heddle.runs("dev", "cart", "1.4.0"), 60)


# ---- the push ----

def the_push_is_killed_before_and_after_it_took_effect(world):
    """The server dies while Git's host works on its push: before the branch has moved, and after."""
    for name, version in (("pre-receive", "2.1.0"), ("post-receive", "2.2.0")):
        marker = world.house.path(f"{name}.marker")
        with hook(world, name, f"touch {marker}\nsleep 3\n"):
            world.registry.push("shop/orders", version)
            wait_until(f"a push is in {name}", lambda marker=marker: os.path.exists(marker), 40)
            world.house.kill("server")
        world.heddle.start_server()
        release = wait_until("its release is known", lambda: world.newest(stage="dev", workload="orders"), 30)
        check_done_once(world, release["id"])
        check(world.heddle.runs("dev", "orders", version), f"dev runs {version}")


def the_pushing_git_is_killed_alone(world):
    """The server sees its git die, and pushes again."""
    marker = world.house.path("alone.marker")
    with hook(world, "pre-receive", f"test -e {marker} && exit 0\ntouch {marker}\nsleep 5\nexit 1\n"):
        world.registry.push("shop/web", "2.1.0")
        wait_until("a push is under way", lambda: os.path.exists(marker), 40)
        for pid in children_of(world.house.processes["server"].pid, "git"):
            os.kill(pid, signal.SIGKILL)
        release = wait_until("dev has a release", lambda: world.newest(stage="dev", workload="web"), 20)
        check_done_once(world, release["id"])


def children_of(parent, name):
    out = run(["ps", "-o", "pid=,comm=", "--ppid", str(parent)], expect=None)
    return [int(line.split()[0]) for line in out.splitlines() if line.split()[1].startswith(name)]


# ---- agents ----

def an_agent_is_killed_while_it_syncs(world):
    """The release waits for it, says so, and goes on when it is back."""
    world.house.kill("agent-dev")
    world.registry.push("shop/web", "2.2.0")
    release = wait_until("dev has a release", lambda: (
        lambda now: now and now["phase"] == "syncing" and now)(world.newest(stage="dev", workload="web")), 30)
    world.heddle.start_agent("dev")
    wait_for(world, release["id"], "rolling_out")
    world.house.kill("agent-dev")
    world.heddle.start_agent("dev")
    check_done_once(world, release["id"])


def agents_go_on_without_the_server(world):
    """A person's commit arrives, a change by hand is put back, and the server hears of both later."""
    world.house.kill("server")
    text = world.git.show("clusters/staging/web.yaml").replace("replicas: 2", "replicas: 3")
    commit = world.git.commit({"clusters/staging/web.yaml": text}, "Three of the web")
    wait_until("the commit is applied", lambda: world.plane.deployment("staging", "web")["spec"]["replicas"] == 3, 30)
    world.plane.scale("staging", "web", 7)
    began = time.monotonic()
    wait_until("the change by hand is put back",
               lambda: world.plane.deployment("staging", "web")["spec"]["replicas"] == 3, PUT_BACK_S)
    print(f"  without a server a change by hand is put back after {time.monotonic() - began:.1f} s", flush=True)
    world.heddle.start_server()
    release = wait_until("the commit is a release", lambda: world.newest(kind="config", stage="staging"), 30)
    world.heddle.wait_phase(release["id"], "done")
    check(release["commits"] == [commit] or release["commits"] == [], f"of that commit: {release['commits']}")
    wait_until("all is well", world.is_at_rest, 60)


STEPS = [the_server_is_killed_on_the_way_to_dev, the_server_is_killed_while_prod_waits_and_between_waves,
         the_server_is_killed_in_a_rollback, the_push_is_killed_before_and_after_it_took_effect,
         the_pushing_git_is_killed_alone, an_agent_is_killed_while_it_syncs, agents_go_on_without_the_server]


def kills_at_any_step_are_survived(program):
    world = World(program, WORKLOADS)
    try:
        for step in STEPS:
            began = time.monotonic()
            step(world)
            print(f"  - {step.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        world.close()


TESTS = [kills_at_any_step_are_survived]
