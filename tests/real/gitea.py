"""Gitea: the config repository and the images on one real host, which tells heddle of both."""
import os

from harness import shop
from harness.gitea import Gitea, GiteaRepository
from harness.heddle import HOOK_SECRET, Heddle
from harness.parts import ControlPlane, Registry, rig
from harness.processes import House, check, run, wait_until

WORKLOADS = ["cart", "orders"]
# Nobody polls within this time: what is seen sooner came by a webhook.
SLOW = ("--poll-git", "10m", "--poll-registry", "10m")
SOON_S = 20


class GiteaRegistry(Registry):
    """Images are pushed to the owner's packages, by crane."""

    def __init__(self, house, gitea):  # pylint: disable=super-init-not-called
        self.house, self.host = house, gitea.host
        os.environ["DOCKER_CONFIG"] = os.path.dirname(gitea.login())


def open_world(program):
    house = House()
    gitea = Gitea(house)
    git = GiteaRepository(house, gitea)
    registry = GiteaRegistry(house, gitea)
    plane = ControlPlane(house, ["dev"])
    files = shop.files(registry, WORKLOADS, overlays=False)
    git.commit({path: text for path, text in files.items() if "/staging/" not in path}
               | {"heddle.yaml": shop.PIPELINE_OF_DEV}, "Begin")
    heddle = Heddle(house, program, git, server_flags=["--registry-config", house.path("docker", "config.json"), *SLOW])
    git.hook(heddle.url + "/hooks/git", HOOK_SECRET, ["push"])
    git.hook(heddle.url + "/hooks/registry", HOOK_SECRET, ["package"], owner_wide=True)
    heddle.start_server()
    heddle.add_agent("dev", plane.kubeconfig("dev"), over_ssh=False)
    wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == len(WORKLOADS), 90)
    return house, gitea, git, registry, plane, heddle


def an_image_is_promoted(git, registry, plane, heddle):
    """The package's webhook says "look now": seconds, not the minutes of the next poll."""
    digest = registry.push("shop/cart", "1.1.0")
    wait_until("dev runs cart 1.1.0", lambda: heddle.runs("dev", "cart", "1.1.0"), SOON_S * 2)
    check(f":1.1.0@{digest}" in git.show("clusters/dev/cart.yaml"), "Gitea has the commit")
    check(plane.running_digests("dev", "cart") == {digest}, "the pods run the pushed digest")


def a_commit_is_followed(git, heddle):
    text = git.show("clusters/dev/orders.yaml").replace("replicas: 2", "replicas: 3")
    commit = git.commit({"clusters/dev/orders.yaml": text}, "Three of the orders")
    release = wait_until("the commit is a release", lambda: (
        heddle.releases(kind="config") or [None])[0], SOON_S)
    check(release["commits"] in ([commit], []), f"of that commit: {release['commits']}")
    heddle.wait_phase(release["id"], "done")


def a_protected_branch_says_so(git, registry, heddle):
    """The host refuses the push; its words reach the person who asks why."""
    git.protect(allowed=[])
    registry.push("shop/orders", "1.1.0")
    why = wait_until("the refusal is told", lambda: (
        lambda text: "protected" in text and text)(" ".join(heddle.cli("why", "orders", "-s", "dev").split())), 60)
    check("main" in why, f"the branch is named: {why}")
    git.gitea.ask("DELETE", f"/api/v1/repos/{git.gitea.OWNER}/{git.name}/branch_protections/main")
    release = heddle.releases(stage="dev", workload="orders")[0]
    if release["isOver"]:
        heddle.cli("retry", release["name"])
    wait_until("then it goes on", lambda: heddle.runs("dev", "orders", "1.1.0"), 60)


def gitea_is_host_and_registry(program):
    house, gitea, git, registry, plane, heddle = open_world(program)
    try:
        an_image_is_promoted(git, registry, plane, heddle)
        a_commit_is_followed(git, heddle)
        a_protected_branch_says_so(git, registry, heddle)
        check(run([rig("crane"), "ls", "--insecure", f"{gitea.host}/shop/cart"]).split() == ["1.0.0", "1.1.0"],
              "the images are in Gitea")
    finally:
        house.close()


TESTS = [gitea_is_host_and_registry]
