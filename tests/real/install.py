"""The printed manifest installs an agent whose rights are enough, and no more than that."""
import json
import os

from harness import shop
from harness.heddle import Heddle
from harness.parts import ControlPlane, GitHost, Registry
from harness.processes import House, check, wait_until

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# Documents of the manifest, by kind: where the API server takes them.
PLACES = {
    "Namespace": "/api/v1/namespaces/heddle-agent",
    "ServiceAccount": "/api/v1/namespaces/heddle-agent/serviceaccounts/heddle-agent",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles/heddle-agent",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/heddle-agent",
    "Deployment": "/apis/apps/v1/namespaces/heddle-agent/deployments/heddle-agent",
}
FORBIDDEN = [
    {"verb": "create", "resource": "pods"},
    {"verb": "create", "resource": "pods", "subresource": "exec"},
    {"verb": "delete", "resource": "nodes"},
    {"verb": "impersonate", "resource": "users"},
    {"verb": "escalate", "group": "rbac.authorization.k8s.io", "resource": "clusterroles"},
    {"verb": "create", "group": "rbac.authorization.k8s.io", "resource": "clusterrolebindings"},
    {"verb": "*", "group": "*", "resource": "*"},
]


def apply_manifest(plane, cluster, text):
    """Apply each document as it is printed, without reading it; every kind must be known here."""
    applied = []
    for document in text.split("\n---\n"):
        kind = next(line.split()[1] for line in document.splitlines() if line.startswith("kind:"))
        plane.apply(cluster, PLACES[kind], document)
        applied.append(kind)
    check(sorted(applied) == sorted(PLACES), f"the manifest holds {sorted(PLACES)}, got {applied}")


def be_a_pod(house, plane, cluster, token):
    """A command line that runs a program as a container of that pod would: the service account's
    files stand in a mount namespace of its own, the API server in the environment."""
    files = house.path("service-account")
    os.makedirs(files, exist_ok=True)
    house.write("service-account/token", token)
    with open(house.path("cp", cluster, "ca.crt"), encoding="utf-8") as certificate:
        house.write("service-account/ca.crt", certificate.read())
    script = (f"mount -t tmpfs none /run && mkdir -p {SERVICE_ACCOUNT} && "
              f"cp {files}/* {SERVICE_ACCOUNT}/ && exec \"$@\"")
    root = [] if os.getuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *root, "sh", "-c", script, "pod"]


def the_manifest_installs_an_agent_with_least_rights(program):
    house = House()
    try:
        git = GitHost(house)
        registry = Registry(house)
        plane = ControlPlane(house, ["dev"])
        git.commit(shop.files(registry, ["cart", "ledger", "collector", "report"], overlays=False)
                   | {"heddle.yaml": shop.PIPELINE_OF_DEV}, "Begin")
        heddle = Heddle(house, program, git)
        heddle.start_server()
        token = heddle.cli("cluster", "add", "dev").strip()
        token_file = house.write("dev.token", token + "\n")
        manifest = heddle.cli("agent", "manifest", "--cluster", "dev", "--server", heddle.url,
                              "--repository", git.ssh_url, "--path", "clusters/dev")
        apply_manifest(plane, "dev", manifest)
        answer = plane.ask("dev", "POST",
                           "/api/v1/namespaces/heddle-agent/serviceaccounts/heddle-agent/token",
                           {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                            "spec": {"expirationSeconds": 3600}})
        house.start("agent", be_a_pod(house, plane, "dev", answer["status"]["token"]) + [
            program, "agent", "--server", heddle.url, "--cluster", "dev", "--token-file", token_file,
            "--repository", git.ssh_url, "--git-ssh-key-file", git.ssh_key,
            "--git-known-hosts-file", git.known_hosts, "--path", "clusters/dev",
            "--data", house.path("agent"), "--interval", "2s"],
            {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(plane.ports["dev"]),
             "ASAN_OPTIONS": "detect_leaks=0"})
        wait_until("everything runs", lambda: heddle.all_healthy() == 4, 90)
        cluster = heddle.ask("/api/v1/clusters")["items"][0]
        check(not cluster["problems"], f"nothing was forbidden: {json.dumps(cluster['problems'])}")
        capacity = wait_until("nodes are measured",
                              lambda: heddle.ask("/api/v1/clusters/dev").get("capacity"), 45)
        check(capacity.get("nodes", 0) > 0 and capacity["allocatable"]["cpuMilli"] > 0
              and capacity["requested"]["pods"] >= 4, f"the nodes may be listed: {json.dumps(capacity)}")
        check("metrics-server" in capacity.get("noUsage", ""),
              f"what is missing for usage is named: {json.dumps(capacity)}")
        for wish in FORBIDDEN:
            review = plane.ask("dev", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": {"user": "system:serviceaccount:heddle-agent:heddle-agent",
                         "groups": ["system:serviceaccounts", "system:authenticated"],
                         "resourceAttributes": wish}})
            check(not review["status"]["allowed"], f"the agent must not {wish}")
        a_missing_right_is_named(git, heddle)
    finally:
        house.close()


def a_missing_right_is_named(git, heddle):
    """An object of a kind that the role leaves out is a problem in words; the others stay."""
    git.commit({"clusters/dev/class.yaml":
                "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 10\n"},
               "Want a priority class")

    def problem():
        found = heddle.ask("/api/v1/clusters")["items"][0]["problems"]
        return found and json.dumps(found)
    words = wait_until("the missing right is a problem", problem, 30)
    check("class.yaml" in words and "priorityclasses" in words, f"file and right are named: {words}")
    check(heddle.all_healthy() == 4, "the others go on")


TESTS = [the_manifest_installs_an_agent_with_least_rights]
