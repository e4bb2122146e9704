"""Whatever is killed or away, wherever: the release goes on by itself, once; agents need no server."""
import contextlib
import os
import signal
import time

from harness.processes import check, wait_until
from harness.proxy import TcpProxy
from harness.world import CLUSTERS, World

WORKLOADS = ["cart", "orders", "web"]
PHASES = ["planned", "needs_approval", "queued", "committing", "syncing", "rolling_out", "verifying", "done"]
# What is changed by hand is put back within seconds; this is the bound of the test, not the goal.
PUT_BACK_S = 10
# How long the Git host takes for a push that is to be met under way.
PUSH_S = 2


# ---- releases ----

def release_of(world, workload, version, stage="dev"):
    """The release that brings a version to a stage, once it is known."""
    def find():
        for row in world.heddle.releases(stage=stage, workload=workload):
            whole = world.heddle.ask(f"/api/v1/releases/{row['id']}")
            if any(change["to"]["tag"] == version for item in whole["items"] for change in item["changes"]):
                return row["id"]
        return None
    return wait_until(f"{stage} has a release of {workload} {version}", find, 40)


def phase_of(world, release):
    return world.heddle.ask(f"/api/v1/releases/{release}")["phase"]


def meet(world, release, phase, seconds=60):
    """Wait until a release is in a phase; to find it past that phase is no meeting."""
    def met():
        now = phase_of(world, release)
        check_not_past(release, now, phase)
        return now == phase
    wait_until(f"R-{release} is {phase}", met, seconds)


def check_not_past(release, now, phase):
    if now not in PHASES or PHASES.index(now) > PHASES.index(phase):
        raise SystemExit(f"R-{release} is {now} already; the test came too late for {phase}")


def check_done_once(world, release, waves=1):
    """Done, with exactly one commit for each wave, and the store names the same commits as Git."""
    done = world.heddle.wait_phase(release, "done")
    found = [row for row in world.git.release_commits() if row[1] == f"R-{release}"]
    check([row[2] for row in found] == [f"{wave}/{waves}" for wave in range(1, waves + 1)],
          f"R-{release} has one commit per wave: {found}")
    check(done["commits"] == [row[0] for row in found], f"the store says {done['commits']}, Git {found}")
    return done


def check_nothing_twice(world):
    """Each (release, wave) is in Git once, and the server knows each."""
    rows = world.git.releases()
    check(len(rows) == len(set(rows)), f"no wave was committed twice: {rows}")
    known = {release["name"] for release in world.heddle.releases()}
    check({name for name, _ in rows} <= known, f"every commit's release is known: {rows}")
    for name in ["server", *(f"agent-{cluster}" for cluster in CLUSTERS)]:
        world.house.check_lives(name)


def promote_to_prod(world, *workloads):
    wish = {"to": "prod", "workloads": list(workloads)}
    plan = world.heddle.ask("/api/v1/plans", wish)
    made = world.heddle.ask("/api/v1/releases", {**wish, "planDigest": plan["digest"], "reason": "a test"},
                            token_file=world.heddle.token("noor", "promote"))
    return made["id"]


def approve(world, release):
    world.heddle.cli("approve", f"R-{release}", "-m", "ok", token_file=world.heddle.token("mia", "approve"))


# ---- what is done to them ----

def kill_server(world):
    world.house.check_lives("server")
    world.house.kill("server")
    world.heddle.start_server()


def kill_agent(world, cluster):
    world.house.check_lives(f"agent-{cluster}")
    world.house.kill(f"agent-{cluster}")
    world.heddle.start_agent(cluster)


@contextlib.contextmanager
def paused(world, name):
    """A process stands still, for as long as the block lasts."""
    world.house.processes[name].send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        world.house.processes[name].send_signal(signal.SIGCONT)


@contextlib.contextmanager
def slow_pushes(world, name="pre-receive"):
    """The Git host takes its time, before the branch moves (pre-receive) or after (post-receive); gives
    a function that says whether a push has come so far."""
    hook = os.path.join(world.git.bare, "hooks", name)
    marker = world.house.path("push.marker")
    os.makedirs(os.path.dirname(hook), exist_ok=True)
    with open(hook, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\ntouch {marker}\nsleep {PUSH_S}\n")
    os.chmod(hook, 0o755)
    try:
        yield lambda: os.path.exists(marker)
    finally:
        os.unlink(hook)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(marker)


# ---- the server ----

def the_server_is_killed_at_each_phase_on_the_way_to_dev(world):
    """Before it has planned, while it pushes, while it waits for the agent, and while pods come."""
    world.registry.push("shop/cart", "1.1.0")
    kill_server(world)
    check_done_once(world, release_of(world, "cart", "1.1.0"))

    with slow_pushes(world):
        world.registry.push("shop/cart", "1.2.0")
        release = release_of(world, "cart", "1.2.0")
        meet(world, release, "committing")
        kill_server(world)
    check_done_once(world, release)

    with paused(world, "agent-dev"):
        world.registry.push("shop/cart", "1.3.0")
        release = release_of(world, "cart", "1.3.0")
        meet(world, release, "syncing")
        kill_server(world)
        check(phase_of(world, release) == "syncing", "it waits for the agent again")
    check_done_once(world, release)

    world.registry.push("shop/cart", "1.4.0")
    release = release_of(world, "cart", "1.4.0")
    meet(world, release, "rolling_out")
    kill_server(world)
    done = check_done_once(world, release)
    check(done["kind"] == "auto" and done["actor"] == "heddle", "who asked is still known")
    check(world.heddle.runs("dev", "cart", "1.4.0"), "dev runs 1.4.0")


def the_server_is_killed_while_a_release_soaks(world):
    """It soaks on, and then goes on."""
    release = release_of(world, "cart", "1.4.0", stage="staging")
    meet(world, release, "queued")
    kill_server(world)
    check(phase_of(world, release) == "queued", "it still soaks")
    check_done_once(world, release)
    check(world.heddle.runs("staging", "cart", "1.4.0"), "staging runs 1.4.0")


def the_server_is_killed_while_prod_waits_and_between_waves(world):
    """The request, the approval and the first wave survive."""
    release = promote_to_prod(world, "cart")
    meet(world, release, "needs_approval")
    kill_server(world)
    check(phase_of(world, release) == "needs_approval", "it still waits")
    with paused(world, "agent-prod-us"):
        approve(world, release)
        kill_server(world)
        wait_until("the first wave is committed", lambda: (f"R-{release}", "1/2") in world.git.releases(), 60)
        kill_server(world)
        wait_until("the second wave is committed", lambda: (f"R-{release}", "2/2") in world.git.releases(), 60)
        kill_server(world)
        check(world.heddle.ask(f"/api/v1/releases/{release}")["wave"] == 2, "it is in its second wave")
    done = check_done_once(world, release, waves=2)
    check(done["actor"] == "noor" and done["reason"] == "a test", f"who asked is known: {done['actor']}")
    check([a["person"] for a in done["approvals"]] == ["mia"], f"who approved is known: {done['approvals']}")
    check(world.heddle.runs("prod", "cart", "1.4.0"), "prod runs 1.4.0")


def the_server_is_killed_in_a_rollback(world):
    """It goes on, and the hold stands."""
    world.heddle.cli("rollback", "cart", "-s", "dev", "-m", "crashes", "--no-wait")
    release = world.newest(stage="dev", workload="cart")
    kill_server(world)
    meet(world, release["id"], "rolling_out")
    kill_server(world)
    check_done_once(world, release["id"])
    check(release["kind"] == "rollback", "it is a rollback")
    check("crashes" in world.heddle.cli("get", "holds"), "automation is held")
    check(world.heddle.runs("dev", "cart", "1.3.0"), "dev runs what it ran before")
    world.heddle.cli("resume", "cart", "-s", "dev")
    wait_until("dev takes 1.4.0 again", lambda: world.heddle.runs("dev", "cart", "1.4.0"), 60)


# ---- the push ----

def kill_server_alone(world):
    """Its git is left behind and may still push."""
    kill_server(world)


def kill_server_and_git(world):
    """As when the machine goes."""
    with paused(world, "server"):
        kill_git(world)
        world.house.kill("server")
        world.heddle.start_server()


def kill_git(world):
    pushing = [pid for pid, words in world.house.descendants("server") if "push" in words]
    check(pushing, "a git is pushing")
    for pid in pushing:
        os.kill(pid, signal.SIGKILL)


def the_push_is_killed(world):
    """Whoever dies, before the branch has moved or after and before the answer came: one commit."""
    number = 0
    for moment in ("pre-receive", "post-receive"):
        for kill in (kill_server_alone, kill_server_and_git, kill_git):
            number += 1
            version = f"2.{number}.0"
            with slow_pushes(world, moment) as has_come:
                world.registry.push("shop/orders", version)
                wait_until(f"a push is in {moment}", has_come, 40)
                kill(world)
            check_done_once(world, release_of(world, "orders", version))
            check(world.heddle.runs("dev", "orders", version), f"dev runs {version}")


# ---- agents ----

def an_agent_is_killed_while_it_syncs_and_while_pods_come(world):
    """The release waits for it, says so, and goes on when it is back."""
    world.house.kill("agent-dev")
    world.registry.push("shop/web", "2.2.0")
    release = release_of(world, "web", "2.2.0")
    meet(world, release, "syncing")
    why = world.heddle.ask(f"/api/v1/releases/{release}")["why"]
    check("dev" in why, f"it says for whom it waits: {why}")
    world.heddle.start_agent("dev")
    meet(world, release, "rolling_out")
    kill_agent(world, "dev")
    check_done_once(world, release)
    check(world.heddle.runs("dev", "web", "2.2.0"), "dev runs 2.2.0")


def agents_go_on_without_the_server(world):
    """A person's commit arrives, a change by hand is put back, and the server hears of it later."""
    world.house.kill("server")
    text = world.git.show("clusters/staging/web.yaml").replace("replicas: 2", "replicas: 3")
    commit = world.git.commit({"clusters/staging/web.yaml": text}, "Three of the web")

    def has_three():
        return world.plane.deployment("staging", "web")["spec"]["replicas"] == 3
    wait_until("the commit is applied", has_three, 30)
    changed = world.plane.scale("staging", "web", 7)
    check(changed["spec"]["replicas"] == 7, "it is changed by hand")
    began = time.monotonic()
    wait_until("the change by hand is put back", has_three, PUT_BACK_S)
    print(f"  without a server a change by hand is put back after {time.monotonic() - began:.1f} s", flush=True)
    world.heddle.start_server()
    release = wait_until("the commit is a release", lambda: world.newest(kind="config", stage="staging"), 30)
    done = world.heddle.wait_phase(release["id"], "done")
    check(done["commits"] == [commit] and done["reason"] == "Three of the web", f"of that commit: {done}")
    check(done["items"][0]["ready"] == 3, "with the pods that came while it was away")


# ---- the parts around it ----

def the_cluster_is_away_for_a_while(world):
    """The agent says what it cannot reach, the release what it waits for; then both go on."""
    token_file, kubeconfig = world.heddle.agents["dev"]
    proxy = TcpProxy(world.plane.ports["dev"])
    with open(kubeconfig, encoding="utf-8") as text:
        through = text.read().replace(f":{world.plane.ports['dev']}", f":{proxy.port}")
    try:
        world.heddle.agents["dev"] = (token_file, world.house.write("through.kubeconfig", through))
        kill_agent(world, "dev")
        world.registry.push("shop/web", "2.3.0")
        release = release_of(world, "web", "2.3.0")
        meet(world, release, "rolling_out")
        proxy.cut()
        wait_until("the agent's trouble is named", lambda: f"127.0.0.1:{proxy.port}" in world.heddle.cli(
            "get", "clusters", "-o", "json"), 40)
        check(not world.heddle.ask(f"/api/v1/releases/{release}")["isOver"], "the release is not given up")
        proxy.mend()
        check_done_once(world, release)
    finally:
        world.heddle.agents["dev"] = (token_file, kubeconfig)
        kill_agent(world, "dev")
        proxy.close()


def the_registry_is_away_for_a_while(world):
    """Said in words; what needs no registry goes on, and new versions come when it is back."""
    version = world.heddle.cell("dev", "web")["targets"][0]["version"]
    wait_until("staging has it", lambda: world.heddle.runs("staging", "web", version), 90)
    world.house.kill("registry")
    wait_until("doctor names it", lambda: any(line.split()[:2] == ["BAD", "registry"] and world.registry.host in line
                                              for line in world.heddle.cli_result("doctor")[1].splitlines()), 40)
    check("1.4.0" in world.heddle.cli("get", "versions", "cart"), "known versions stay")
    release = promote_to_prod(world, "web")
    meet(world, release, "needs_approval")
    approve(world, release)
    check_done_once(world, release, waves=2)
    world.registry.start()
    world.registry.push("shop/web", "2.4.0")
    check_done_once(world, release_of(world, "web", "2.4.0"))
    wait_until("doctor is content", lambda: world.heddle.cli_result("doctor")[0] == 0, 60)


STEPS = [the_server_is_killed_at_each_phase_on_the_way_to_dev, the_server_is_killed_while_a_release_soaks,
         the_server_is_killed_while_prod_waits_and_between_waves, the_server_is_killed_in_a_rollback,
         the_push_is_killed, an_agent_is_killed_while_it_syncs_and_while_pods_come,
         agents_go_on_without_the_server, the_cluster_is_away_for_a_while, the_registry_is_away_for_a_while]


def kills_at_any_step_are_survived(program):
    world = World(program, WORKLOADS)
    try:
        for step in STEPS:
            began = time.monotonic()
            step(world)
            check_nothing_twice(world)
            print(f"  - {step.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        wait_until("all is well", world.is_at_rest, 60)
    finally:
        world.close()


TESTS = [kills_at_any_step_are_survived]
