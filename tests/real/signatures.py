"""Signatures without keys, by the cosign program itself: who counts is named, all others are refused in words."""
import os
import sys

from harness import shop
from harness.heddle import HOOK_SECRET, Heddle
from harness.parts import RIG, ControlPlane, GitHost, Registry
from harness.processes import House, check, free_port, wait_until
from harness.sigstore import Sigstore

WORKFLOW = "https://git.example.org/acme/shop/.ci/release.yaml@refs/tags/v1.1.0"
ISSUER = "https://token.git.example.org"
PIPELINE = shop.PIPELINE_OF_DEV.replace("policy: {semver", f"""signed:
        identityPattern: https://git\\.example\\.org/acme/shop/.*@refs/tags/.*
        issuer: {ISSUER}
      policy: {{semver""")
NOT_ASKED_FOR = "None of its signatures is the one that the rule asks for"
ANOTHER = "sha256:" + "a" * 64


def log_earlier(bundle):
    bundle["Payload"]["integratedTime"] -= 30


# Workloads and what is wrong with their signatures: how they are signed, and the words that say so.
REFUSED = {
    "catalog": ({"identity": "eve@example.org"}, "got subjects [eve@example.org] with issuer " + ISSUER),
    "checkout": ({"identity": WORKFLOW.replace("tags", "heads")}, "refs/heads/v1.1.0] with issuer " + ISSUER),
    "mailer": ({"issuer": "https://token.example.org"}, "with issuer https://token.example.org"),
    "orders": ({"tamper": log_earlier}, "unable to verify SET"),
    "payments": ({"logged_after_s": 3600}, "certificate expired before signatures were entered in log"),
    "search": ({"claims": ANOTHER}, "invalid or missing digest in claim: " + ANOTHER),
}
# By others than the Sigstore that the server was told of.
FOREIGN = {"users": "rekor log public key not found", "web": "ctfe public key not found"}
UNLOGGED = "collector"


class World:
    def __init__(self, program):
        self.house = House()
        self.sigstore = Sigstore(self.house)
        self.git = GitHost(self.house)
        self.heddle = Heddle(self.house, program, self.git)
        self.heddle.server_environment = {
            "PATH": f"{RIG}:{os.environ['PATH']}", **self.sigstore.environment(),
            # Where cosign looks for a signature that has no entry of the log beside it: nobody is there.
            "COSIGN_REKOR_URL": f"http://127.0.0.1:{free_port()}"}
        self.registry = Registry(self.house, self.heddle.url + "/hooks/registry", HOOK_SECRET)
        self.plane = ControlPlane(self.house, ["dev"])
        self.workloads = ["cart", *REFUSED, *FOREIGN, UNLOGGED]
        files = shop.files(self.registry, self.workloads, overlays=False)
        self.git.commit({path: text for path, text in files.items() if "staging" not in path} | {"heddle.yaml": PIPELINE}, "Begin")
        self.heddle.start_server()
        self.heddle.add_agent("dev", self.plane.kubeconfig("dev"))
        wait_until("everything runs 1.0.0", lambda: self.heddle.all_healthy() == len(self.workloads), 120)

    def push(self, workload):
        """1.1.0, as cosign wants it named."""
        repository = f"shop/{workload}"
        return f"{self.registry.host}/{repository}@{self.registry.push(repository, '1.1.0')}"

    def sign(self, workload, by=None, identity=WORKFLOW, issuer=ISSUER, **wrong):
        (by or self.sigstore).sign(self.push(workload), identity, issuer, **wrong)

    def why_not(self, workload):
        """Why 1.1.0 does not count."""
        items = self.heddle.ask(f"/api/v1/versions?workload={workload}")["items"]
        return [item.get("ignoredBecause", "") for item in items if item["tag"] == "1.1.0"]

    def wait_refused(self, workload, words):
        def is_said():
            said = self.why_not(workload)
            check(said and words in said[0], f"{said}")
            return True
        wait_until(f"{workload} is refused: {words}", is_said, 60)


def what_is_not_signed_waits_until_it_is(world):
    image = world.push("cart")
    world.wait_refused("cart", "It is not signed")
    check("It is not signed" in world.heddle.cli("get", "versions", f"{world.registry.host}/shop/cart"), "people read it")
    before = world.git.head()
    world.sigstore.sign(image, WORKFLOW, ISSUER)
    wait_until("dev runs what is signed", lambda: world.heddle.runs("dev", "cart", "1.1.0"), 60)
    check(len(world.git.changed_lines(before)) == 1, "by one commit")
    check(world.plane.running_digests("dev", "cart") == {image.split("@")[1]}, "the pods run that digest")
    check(world.why_not("cart") == [""], f"{world.why_not('cart')}")


def what_others_signed_is_refused(world):
    before = world.git.head()
    for workload, (wrong, _) in REFUSED.items():
        world.sign(workload, **wrong)
    world.sign("users", by=Sigstore(world.house, "foreign"))
    world.sign("web", certificate_log=Sigstore(world.house, "another").certificate_log)
    for workload, words in {**{name: words for name, (_, words) in REFUSED.items()}, **FOREIGN}.items():
        world.wait_refused(workload, words)
        check(NOT_ASKED_FOR in world.why_not(workload)[0], f"{workload} {world.why_not(workload)}")
    plan = world.heddle.cli("promote", *REFUSED, *FOREIGN, "--to", "dev", "-y", expect=6)
    check(plan.count("No version of") == len(REFUSED) + len(FOREIGN), f"by hand it is refused, too: {plan}")
    check(world.git.head() == before, "nothing of it is in Git")


def what_cannot_be_looked_up_is_not_said_to_be_wrong(world):
    world.sign(UNLOGGED, logged_after_s=None)
    world.wait_refused(UNLOGGED, "could not be checked (cosign: no matching signatures: searching log query")
    check(not world.heddle.runs("dev", UNLOGGED, "1.1.0"), "and it does not count")


def identities(program):
    world = World(program)
    try:
        what_is_not_signed_waits_until_it_is(world)
        what_others_signed_is_refused(world)
        what_cannot_be_looked_up_is_not_said_to_be_wrong(world)
    finally:
        world.house.close()


TESTS = [identities]
if not os.path.exists(os.path.join(RIG, "cosign")):
    print("signatures: cosign could not be built here, so they are not tested with it", file=sys.stderr)
    TESTS = []
