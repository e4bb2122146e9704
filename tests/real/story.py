"""The whole way: an image is pushed, a pod runs it, everyone can ask why."""
import re
import subprocess
import time

from harness.processes import check, wait_until
from harness.world import World


def step_1_to_3(world):
    """A push is seen, committed, applied; done only when the pods run the digest."""
    git, registry, heddle = world.git, world.registry, world.heddle
    before = git.head()
    digest = registry.push("shop/cart", "1.1.0")
    release = wait_until("dev has a release", lambda: world.newest(stage="dev"), 15)
    done = heddle.wait_phase(release["id"], "done")
    check(done["kind"] == "auto" and done["actor"] == "heddle", "dev follows by itself")
    check(world.plane.running_digests("dev", "cart") == {digest}, "the pods of dev run the pushed digest")
    diff = subprocess.run(["git", "-C", git.bare, "diff", "--numstat", before, done["commits"][0]],
                          capture_output=True, text=True, check=True).stdout
    check(diff == "1\t1\tclusters/dev/cart.yaml\n", f"exactly one line changed: {diff}")
    check(f":1.1.0@{digest}" in git.show("clusters/dev/cart.yaml"), "tag and digest are in Git")
    check("# the only one" in git.show("clusters/dev/cart.yaml"), "comments stay")


def step_4(world):
    """Staging follows after its soak; prod waits for a person."""
    heddle = world.heddle
    release = wait_until("staging has a release", lambda: world.newest(stage="staging"), 15)
    soaked = heddle.wait_phase(release["id"], "done")
    created, finished = parse(soaked["createdAt"]), parse(soaked["finishedAt"])
    check(finished - created >= 10, "it soaked for 10 s")
    check(not heddle.releases(stage="prod"), "prod waits for a person")


def parse(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def step_5(world):
    """A batch to prod: plan with the exact diff, approval, one commit per wave, wave after wave."""
    git, registry, heddle = world.git, world.registry, world.heddle
    registry.push("shop/orders", "1.2.0")
    registry.push("shop/web", "2.0.0")
    wait_until("staging has them", lambda: heddle.runs("staging", "orders", "1.2.0")
               and heddle.runs("staging", "web", "2.0.0"), 90)
    plan = heddle.cli("promote", "cart", "orders", "web", "--from", "staging", "--to", "prod", "--dry-run")
    check("diff --git a/clusters/prod-eu/kustomization.yaml" in plan, "the plan shows the Git diff")
    check("newTag: 2.0.0" in plan and "approval" in plan, "and the versions and gates")
    everything = heddle.cli("promote", "--all", "--to", "prod", "--dry-run")
    check("It already has 1.0.0." in everything, "what is skipped says why")
    code, _, talk = heddle.cli_result("promote", "cart", "--to", "prod")
    check(code == 2, f"without a terminal and -y it asks for -y: {code} {talk}")
    code, out, talk = heddle.cli_result("promote", "cart", "orders", "web", "--to", "prod", "-y",
                                        "--no-wait", "-m", "the batch")
    check(code == 0, f"promote --no-wait: {code} {talk}")
    release = int(re.search(r"R-(\d+)", out + talk).group(1))
    heddle.wait_phase(release, "needs_approval", 20)
    heddle.cli("approve", f"R-{release}", expect=6)
    before = len(git.releases())
    heddle.cli("approve", f"R-{release}", "-m", "ok", token_file=heddle.token("mia", "approve"))
    watched = heddle.cli("watch", f"R-{release}")
    check("done" in watched, f"watch follows to the end: {watched[-200:]}")
    waves = [row for row in git.releases()[before:] if row[0] == f"R-{release}"]
    check(waves == [(f"R-{release}", "1/2"), (f"R-{release}", "2/2")], f"one commit per wave: {waves}")
    for workload, version in (("cart", "1.1.0"), ("orders", "1.2.0"), ("web", "2.0.0")):
        check(heddle.runs("prod", workload, version), f"prod runs {workload} {version}")
    steps = heddle.ask(f"/api/v1/releases/{release}")["steps"]
    check(steps[-1]["name"] == "rollout" and steps[-1]["wave"] == 2, "the second wave came last")


def step_6(world):
    """A crash-looping image: named within 30 s, old pods serve; rolled back and held."""
    git, registry, heddle = world.git, world.registry, world.heddle
    registry.push("shop/cart", "bad-2")
    wait_until("bad-2 is listed", lambda: "bad-2" in heddle.cli("get", "versions", "cart"), 15)
    began = time.monotonic()
    code, out, talk = heddle.cli_result("promote", "cart", "--to", "dev", "--version", "bad-2", "-y")
    check(code == 1, f"following a stuck release ends with 1: {code} {out[-300:]} {talk[-300:]}")
    why = heddle.cli("why", "cart", "-s", "dev")
    check(time.monotonic() - began < 30, "the cause is named within 30 s")
    check("exits with code 1" in why and "still serves" in why, f"why says what and the effect: {why}")
    check("rollback" in why.lower() or "roll back" in why.lower(), "and what to do")
    cell = heddle.cell("dev", "cart")
    check(cell["diagnosis"]["code"] == "HD1011" and cell["diagnosis"]["since"], "the API says it, too")
    check(world.plane.deployment("dev", "cart")["status"].get("availableReplicas", 0) >= 1, "old pods serve")
    heddle.cli("rollback", "cart", "-s", "dev", "-m", "crashes")
    check(heddle.runs("dev", "cart", "1.1.0"), "dev runs 1.1.0 again")
    check(":1.1.0@" in git.show("clusters/dev/cart.yaml"), "and so says Git")
    check("crashes" in heddle.cli("get", "holds"), "automation is held")
    registry.push("shop/cart", "1.2.0")
    wait_until("1.2.0 is listed", lambda: "1.2.0" in heddle.cli("get", "versions", "cart"), 15)
    heddle.cli("resume", "cart", "-s", "dev")
    wait_until("dev takes 1.2.0", lambda: heddle.runs("dev", "cart", "1.2.0"), 60)
    wait_until("staging takes 1.2.0", lambda: heddle.runs("staging", "cart", "1.2.0"), 90)


def step_8(world):
    """A person's own commit becomes a release of kind config that follows the rollout."""
    git, heddle = world.git, world.heddle
    text = git.show("clusters/staging/mailer.yaml").replace("replicas: 1", "replicas: 2")
    git.commit({"clusters/staging/mailer.yaml": text}, "Give the mailer a twin")
    release = wait_until("there is a config release", lambda: world.newest(kind="config"), 20)
    done = heddle.wait_phase(release["id"], "done")
    check(done["workloads"] == ["mailer"] and done["reason"] == "Give the mailer a twin", "of the mailer")
    check(done["items"][0]["ready"] == 2, "two pods of it are ready")


def the_whole_story(program):
    world = World(program)
    try:
        step_1_to_3(world)
        step_4(world)
        step_5(world)
        step_6(world)
        step_8(world)
        check("R-1" in world.heddle.cli("history", "cart"), "history knows")
        check("prod-us" in world.heddle.cli("get", "clusters"), "clusters are listed")
    finally:
        world.close()


TESTS = [the_whole_story]
