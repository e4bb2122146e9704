"""Stages on several branches of one repository, and in a second one, over real Git, registry and Kubernetes."""
import os
import re

from harness import shop
from harness.heddle import HOOK_SECRET, Heddle
from harness.parts import ControlPlane, GitHost, Registry
from harness.processes import House, check, wait_until

WORKLOADS = ["cart", "orders"]
CLUSTERS = ["dev", "staging", "prod-eu", "prod-us"]
PIPELINE = shop.PIPELINE_OF_DEV + """    - name: staging
      from: [dev]
      targets: [{cluster: staging, path: ., branch: env/staging}]
      automatic: true
    - name: prod
      from: [staging]
      targets:
        - {cluster: prod-eu, path: ., branch: env/prod}
        - {cluster: prod-us, path: app, repository: america}
      waves: [[prod-eu], [prod-us]]
"""
# Where each cluster's files are: repository, branch and path.
PLACES = {"dev": ("config", "main", "clusters/dev"), "staging": ("config", "env/staging", "."),
          "prod-eu": ("config", "env/prod", "."), "prod-us": ("america", "main", "app")}
# What else lies at the root of a branch, and is nobody's manifest.
CLUTTER = {"README.md": "# The shop", ".github/workflows/ci.yaml": "on: push", "mkdocs.yml": "site_name: shop",
           "heddle.yaml": "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}",
           "charts/cart/Chart.yaml": "apiVersion: v2\nname: cart", "charts/cart/templates/a.yaml": "name: {{ .Name }}"}


def file_of(cluster, name):
    path = PLACES[cluster][2]
    return name if path == "." else f"{path}/{name}"


class World:
    def __init__(self, program):
        self.house = House()
        self.git = GitHost(self.house)
        self.git.add_repository("america")
        # Credentials of its own, as the server knows them: a file that names files.
        further = self.house.write("repositories.yaml", f"""america:
  url: {self.git.url_of("america")}
  git-username: {self.git.USER}
  git-password-file: {self.git.password_file}
""")
        self.heddle = Heddle(self.house, program, self.git, server_flags=["--repositories", further])
        self.registry = Registry(self.house, self.heddle.url + "/hooks/registry", HOOK_SECRET)
        self.plane = ControlPlane(self.house, CLUSTERS)
        files = shop.files(self.registry, WORKLOADS, overlays=False)
        dev = {path: text for path, text in files.items() if path.startswith("clusters/dev/")}
        self.git.commit(dev | {"heddle.yaml": PIPELINE}, "Begin")
        for cluster in CLUSTERS[1:]:
            name, branch, path = PLACES[cluster]
            own = {file_of(cluster, path.removeprefix("clusters/dev/")): text for path, text in dev.items()}
            self.git.commit(own | (CLUTTER if path == "." else {}), f"Begin {cluster}", branch, name)
        self.heddle.start_server()
        for cluster in CLUSTERS:
            self.add_agent(cluster)
        wait_until("everything runs 1.0.0", lambda: self.heddle.all_healthy() == 3 * len(WORKLOADS), 120)

    def add_agent(self, cluster):
        """As `heddle cluster add` says."""
        _, secret, talk = self.heddle.cli_result("cluster", "add", cluster)
        words = re.search(r"`(heddle agent manifest [^`]*)`", " ".join(talk.split())).group(1).split()
        told = dict(zip(words[3::2], words[4::2]))
        name, branch, path = PLACES[cluster]
        check([told["--repository"], told["--branch"], told["--path"]] == [self.git.url_of(name), branch, path], f"{cluster}: {told}")
        self.heddle.places[cluster] = [word for key in ("--repository", "--branch", "--path") for word in (key, told[key])]
        self.heddle.add_agent(cluster, self.plane.kubeconfig(cluster), over_ssh=False, secret=secret.strip())

    def tip(self, cluster):
        name, branch, _ = PLACES[cluster]
        return self.git.git("rev-parse", branch, name=name)

    def changed(self, cluster, commit):
        name = PLACES[cluster][0]
        return self.git.git("diff", "--numstat", f"{commit}^", commit, name=name).splitlines()

    def runs(self, stage, version):
        return all(self.heddle.runs(stage, workload, version) for workload in WORKLOADS)


def a_root_is_applied_without_what_else_lies_there(world):
    for cluster in world.heddle.ask("/api/v1/clusters")["items"]:
        check(cluster["path"] == PLACES[cluster["name"]][2] and not cluster["problems"], f"{cluster}")


def versions_go_from_branch_to_branch(world):
    before = {cluster: world.tip(cluster) for cluster in CLUSTERS}
    for workload in WORKLOADS:
        world.registry.push(f"shop/{workload}", "1.1.0")
    wait_until("dev runs 1.1.0", lambda: world.runs("dev", "1.1.0"), 90)
    wait_until("staging runs 1.1.0", lambda: world.runs("staging", "1.1.0"), 90)
    check(world.tip("prod-eu") == before["prod-eu"] and world.tip("prod-us") == before["prod-us"], "prod was asked by nobody")
    plan = world.heddle.cli("promote", "--all", "--to", "prod", "--dry-run")
    check("1.1.0" in plan, plan)
    diff = world.heddle.ask("/api/v1/plans", {"to": "prod", "with": ["impact", "rendered", "stays"]})
    check(diff["diff"].count("+    ") >= 4, f"the plan shows the change of both branches: {diff['diff']}")
    check(len(diff["impact"]) == 2, f"and what it does to both clusters: {diff['impact']}")
    world.heddle.cli("promote", "--all", "--to", "prod", "-y", "--no-wait")
    wait_until("prod runs 1.1.0", lambda: world.runs("prod", "1.1.0"), 120)
    release = world.heddle.releases(stage="prod", kind="promote")[0]
    whole = world.heddle.ask(f"/api/v1/releases/{release['id']}")
    check(whole["commits"] == [world.tip("prod-eu"), world.tip("prod-us")], f"a commit for each wave: {whole['commits']}")
    for cluster in CLUSTERS:
        lines = world.changed(cluster, world.tip(cluster))
        check(len(lines) in (1, 2) and all(line.startswith("1\t1\t") for line in lines), f"{cluster}: {lines}")
    return release


def a_rollback_goes_to_both(world, release):
    world.heddle.cli("rollback", release["name"], "-m", "not good", "--no-wait")
    wait_until("prod runs 1.0.0 again", lambda: world.runs("prod", "1.0.0"), 120)


def a_persons_commit_is_followed_on_its_branch(world):
    name, branch, _ = PLACES["prod-us"]
    file = file_of("prod-us", "cart.yaml")
    text = world.git.git("show", f"{branch}:{file}", name=name)
    commit = world.git.commit({file: text.replace("replicas: 2", "replicas: 3") + "\n"}, "More", branch, name)
    def followed():
        found = world.heddle.releases(stage="prod", kind="config")
        whole = found and world.heddle.ask(f"/api/v1/releases/{found[0]['id']}")
        return whole and whole["commits"] == [commit] and whole["phase"] == "done"
    wait_until("it is a release that is done", followed, 60)


def a_repository_that_is_away_stops_nothing_else(world):
    bare = world.house.path("git", "america.git")
    os.rename(bare, bare + ".away")
    def told():
        problems = world.heddle.ask("/api/v1/pipeline")["problems"]
        return any("not found" in one["text"] or "does not" in one["text"] for one in problems)
    wait_until("it is told", told, 60)
    for workload in WORKLOADS:
        world.registry.push(f"shop/{workload}", "1.2.0")
    wait_until("staging runs 1.2.0", lambda: world.runs("staging", "1.2.0"), 120)
    check(world.heddle.cell("prod", "cart")["targets"], "what is known of it is still shown")
    os.rename(bare + ".away", bare)
    world.heddle.cli("sync")
    wait_until("it is there again", lambda: not world.heddle.ask("/api/v1/pipeline")["problems"], 60)


def a_server_that_starts_again_goes_on(world):
    """Its store knows where each branch was; what people did meanwhile is told."""
    world.house.kill("server")
    name, branch, _ = PLACES["staging"]
    file = file_of("staging", "orders.yaml")
    text = world.git.git("show", f"{branch}:{file}", name=name)
    commit = world.git.commit({file: text.replace("replicas: 2", "replicas: 1") + "\n"}, "Fewer", branch, name)
    world.heddle.start_server()
    def followed():
        found = world.heddle.releases(stage="staging", kind="config")
        return found and world.heddle.ask(f"/api/v1/releases/{found[0]['id']}")["commits"] == [commit]
    wait_until("the person's commit is a release", followed, 60)


def branches_and_repositories(program):
    world = World(program)
    try:
        a_root_is_applied_without_what_else_lies_there(world)
        release = versions_go_from_branch_to_branch(world)
        a_rollback_goes_to_both(world, release)
        a_persons_commit_is_followed_on_its_branch(world)
        a_repository_that_is_away_stops_nothing_else(world)
        a_server_that_starts_again_goes_on(world)
    finally:
        world.house.close()


TESTS = [branches_and_repositories]
