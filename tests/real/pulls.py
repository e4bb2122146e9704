"""Pull requests and statuses of commits on a real Gitea: opened, reviewed, followed, merged, superseded, closed."""
import os

from gitea import GiteaRegistry, SLOW
from harness import shop
from harness.gitea import Gitea, GiteaRepository
from harness.heddle import HOOK_SECRET, Heddle
from harness.parts import ControlPlane
from harness.processes import House, check, run, wait_until

WORKLOADS = ["cart", "orders"]
EVENTS = ["push", "pull_request", "pull_request_review_approved", "pull_request_review_rejected"]
PIPELINE = shop.PIPELINE_OF_DEV.replace("      automatic: true\n", "      automatic: true\n      pullRequest: true\n")


# The same stage on a branch of its own, which main never hears of.
BRANCH = "env/dev"
PIPELINE_OF_BRANCH = PIPELINE.replace("path: clusters/dev}", f"path: clusters/dev, branch: {BRANCH}}}")


class World:
    def __init__(self, program, pipeline=PIPELINE, branch="main"):
        self.branch = branch
        self.house = House()
        self.gitea = Gitea(self.house)
        self.git = GiteaRepository(self.house, self.gitea)
        self.registry = GiteaRegistry(self.house, self.gitea)
        self.plane = ControlPlane(self.house, ["dev"])
        files = shop.files(self.registry, WORKLOADS, overlays=False)
        self.git.commit({"heddle.yaml": pipeline}, "Begin")
        self.git.commit({path: text for path, text in files.items() if path.startswith("clusters/dev/")}, "The shop", branch)
        self.gitea.add_person("mia")
        self.git.invite("mia")
        self.token = self.house.write("forge.token", self.gitea.token(["write:repository", "write:issue"]) + "\n")
        self.heddle = Heddle(self.house, program, self.git, server_flags=[
            "--registry-config", self.house.path("docker", "config.json"), "--forge", "gitea", "--forge-token-file", self.token,
            "--public-url", "https://heddle.example.org", *SLOW])
        self.git.hook(self.heddle.url + "/hooks/git", HOOK_SECRET, EVENTS)
        self.git.hook(self.heddle.url + "/hooks/registry", HOOK_SECRET, ["package"], owner_wide=True)
        self.heddle.start_server()
        self.heddle.places["dev"] = ["--path", "clusters/dev", "--branch", branch]
        self.heddle.add_agent("dev", self.plane.kubeconfig("dev"), over_ssh=False)
        wait_until("everything runs 1.0.0", lambda: self.heddle.all_healthy() == len(WORKLOADS), 90)

    def release(self, workload):
        """The newest release of a workload, whole."""
        found = self.heddle.releases(stage="dev", workload=workload)
        check(found, f"{workload} has a release")
        return self.heddle.ask(f"/api/v1/releases/{found[0]['id']}")

    def proposed(self, workload, version):
        """The open pull request for this version, as heddle tells it."""
        def seen():
            release = self.release(workload)
            pulls = release["pullRequests"]
            brings = release["versions"][0]["to"] == version
            return brings and pulls and pulls[0]["state"] == "open" and pulls[0]
        return wait_until(f"{workload} {version} is proposed", seen, 60)

    def pull(self, number):
        return self.gitea.ask("GET", f"{self.git.api}/pulls/{number}")

    def wait_why(self, workload, part, seconds=60):
        """heddle why, until it says so."""
        return wait_until(f"heddle why says {part}", lambda: (
            lambda text: part in text and text)(" ".join(self.heddle.cli("why", workload, "-s", "dev").split())), seconds)


def a_version_is_proposed(world):
    world.registry.push("shop/cart", "1.1.0")
    told = world.proposed("cart", "1.1.0")
    pull = world.pull(told["number"])
    check(pull["title"] == "promote cart to dev", f"its title: {pull['title']}")
    for part in ("| cart | dev | `cart` | `1.0.0` | `1.1.0` |", "Asked for by `heddle`", "```diff", "+    ",
                 "(https://heddle.example.org/releases/"):
        check(part in pull["body"], f"{part} is in {pull['body']}")
    check(pull["base"]["ref"] == world.branch, f"it is to come into {pull['base']['ref']}")
    check(":1.0.0@" in world.git.show_at(world.branch, "clusters/dev/cart.yaml"), "nothing is pushed there")
    check(told["url"] in world.wait_why("cart", "waits for someone to merge it"), "why has the link")
    check(f"#{told['number']} open" in world.heddle.cli("describe", "release", world.release("cart")["name"]),
          "describe release has it")
    return told


def it_is_reviewed(world, told):
    world.gitea.ask("POST", f"{world.git.api}/pulls/{told['number']}/reviews",
                    {"event": "APPROVED", "body": "looks good"}, person="mia")
    world.wait_why("cart", "1 approval", 30)


def the_base_moves(world, told):
    """The line beside the version changes: the proposal conflicts, and is made again on the new commit."""
    text = world.git.show_at(world.branch, "clusters/dev/cart.yaml").replace("# the only one", "# the first one")
    commit = world.git.commit({"clusters/dev/cart.yaml": text}, "Another word", world.branch)
    wait_until("the branch stands on the new commit", lambda: world.git.parent(told["branch"]) == commit, 60)
    pull = wait_until("it can be merged", lambda: (
        lambda seen: seen["mergeable"] and seen)(world.pull(told["number"])), 60)
    check(pull["state"] == "open" and pull["number"] == told["number"], "it is the same pull request")
    check("# the first one" in world.git.show_at(told["branch"], "clusters/dev/cart.yaml"), "the person's word stays")


def it_is_merged_and_followed(world, told, style):
    by_people = len(world.heddle.releases(kind="config"))
    world.gitea.ask("POST", f"{world.git.api}/pulls/{told['number']}/merge", {"Do": style}, person="mia")
    release = wait_until("the release is done", lambda: (
        lambda seen: seen["phase"] == "done" and seen)(world.heddle.ask(f"/api/v1/releases/{told['release']}")), 90)
    merged = world.pull(told["number"])["merge_commit_sha"]
    check(release["commits"] == [merged], f"it is followed as {merged}: {release['commits']}")
    check(release["pullRequests"][0]["who"] == "mia", "who merged it is told")
    check(len(world.heddle.releases(kind="config")) == by_people, "a merge is no person's own change")

    def status():
        states = world.gitea.ask("GET", f"{world.git.api}/commits/{merged}/statuses")
        return [one for one in states if one["status"] == "success" and one["context"] == "heddle/dev"]
    link = wait_until("the commit's status is success", status, 30)[0]["target_url"]
    check(link == f"https://heddle.example.org/releases/{told['release']}", f"the status links to it: {link}")
    wait_until("the branch is gone", lambda: not world.git.exists(told["branch"]), 30)


def a_newer_version_supersedes(world):
    world.registry.push("shop/cart", "1.2.0")
    old = world.proposed("cart", "1.2.0")
    world.registry.push("shop/cart", "1.3.0")
    new = world.proposed("cart", "1.3.0")
    wait_until("the older one is closed", lambda: world.pull(old["number"])["state"] == "closed", 30)
    words = [one["body"] for one in world.gitea.ask("GET", f"{world.git.api}/issues/{old['number']}/comments")]
    check(any("took its place" in word for word in words), f"with a word: {words}")
    return new


def outages(world):
    return [(one["kind"], one["problem"]) for one in world.heddle.ask("/api/v1/outages")["items"]]


def a_token_that_is_refused_is_told(world):
    """Until a better one is in the file; heddle need not start again."""
    with open(world.token, encoding="utf-8") as file:
        good = file.read()
    world.house.write("forge.token", "0" * 40 + "\n")
    wait_until("the host is out of reach", lambda: [kind for kind, problem in outages(world) if "401" in problem] == ["host"], 90)
    said = " ".join(world.heddle.cli_result("doctor")[1].split())
    check("pull requests and statuses wait" in said, said)
    world.house.write("forge.token", good)
    wait_until("it is in reach again", lambda: not outages(world), 90)


def closed_by_hand_it_stops(world, told):
    world.gitea.ask("PATCH", f"{world.git.api}/pulls/{told['number']}", {"state": "closed"}, person="mia")
    release = wait_until("the release is stopped", lambda: (
        lambda seen: seen["phase"] == "stopped" and seen)(world.release("cart")), 30)
    check(f"mia closed pull request #{told['number']}" in release["why"], release["why"])


def a_protected_branch_is_respected(world):
    """heddle merges by itself where the pipeline lets it, and tells what the host says until it may."""
    world.git.protect(allowed=[], approvals=1)
    world.git.commit_by_api("heddle.yaml", PIPELINE.replace("pullRequest: true", "pullRequest: {merge: true}"))
    world.registry.push("shop/orders", "1.1.0")
    told = world.proposed("orders", "1.1.0")
    world.wait_why("orders", "approvals", 90)
    world.gitea.ask("POST", f"{world.git.api}/pulls/{told['number']}/reviews", {"event": "APPROVED"}, person="mia")
    wait_until("then it runs", lambda: world.heddle.runs("dev", "orders", "1.1.0"), 90)


def a_refusal_is_told(world):
    """A hook of the host refuses the branch; its words reach who asks why."""
    folder = world.house.path("gitea", "repos", "shop", "config.git", "hooks", "pre-receive.d")
    os.makedirs(folder, exist_ok=True)
    hook = os.path.join(folder, "no")
    with open(hook, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\necho 'no changes on Fridays' >&2\nexit 1\n")
    os.chmod(hook, 0o755)
    world.registry.push("shop/orders", "1.2.0")
    world.wait_why("orders", "no changes on Fridays", 60)
    os.unlink(hook)
    world.heddle.cli("retry", world.release("orders")["name"])
    world.proposed("orders", "1.2.0")


def pull_requests_on_gitea(program):
    world = World(program)
    try:
        told = a_version_is_proposed(world)
        told["release"] = world.release("cart")["id"]
        it_is_reviewed(world, told)
        the_base_moves(world, told)
        it_is_merged_and_followed(world, told, "merge")
        new = a_newer_version_supersedes(world)
        a_token_that_is_refused_is_told(world)
        closed_by_hand_it_stops(world, new)
        world.registry.push("shop/cart", "1.4.0")
        told = world.proposed("cart", "1.4.0")
        told["release"] = world.release("cart")["id"]
        it_is_merged_and_followed(world, told, "squash")
        a_protected_branch_is_respected(world)
        a_refusal_is_told(world)
    finally:
        world.house.close()


def without_a_host_it_is_refused(program):
    house = House()
    try:
        run(["git", "init", "-q", "--bare", "--initial-branch=main", house.path("config.git")])
        run(["git", "init", "-q", "--initial-branch=main", house.path("work")])
        with open(house.path("work", "heddle.yaml"), "w", encoding="utf-8") as out:
            out.write(PIPELINE)
        for words in (["add", "-A"], ["-c", "user.name=ada", "-c", "user.email=a@b", "commit", "-qm", "Begin"],
                      ["push", "-q", house.path("config.git"), "main"]):
            run(["git", "-C", house.path("work"), *words])

        class Nobody:
            USER, password_file, http_url = "nobody", house.write("none", "none\n"), house.path("config.git")
        heddle = Heddle(house, program, Nobody)
        heddle.start_server()
        problem = wait_until("it is told", lambda: heddle.ask("/api/v1/pipeline")["problems"], 30)[0]["text"]
        check("start it with --forge-token-file" in problem and "dev" in problem, problem)
    finally:
        house.close()


def a_proposal_goes_into_the_branch_of_its_stage(program):
    world = World(program, PIPELINE_OF_BRANCH, BRANCH)
    try:
        main = world.git.tip("main")
        told = a_version_is_proposed(world)
        told["release"] = world.release("cart")["id"]
        the_base_moves(world, told)
        it_is_merged_and_followed(world, told, "merge")
        wait_until("dev runs it", lambda: world.heddle.runs("dev", "cart", "1.1.0"), 60)
        check(world.git.tip("main") == main, "main is as it was")
    finally:
        world.house.close()


TESTS = [pull_requests_on_gitea, a_proposal_goes_into_the_branch_of_its_stage, without_a_host_it_is_refused]
