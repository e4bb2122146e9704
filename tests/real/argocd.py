"""Argo CD's Applications: a version in Git reaches the Application, and done means that Argo CD says its pods have it.

Argo CD itself is not here; its kind is, on a real control plane, and what its controller does to an Application (objects
in the destination, then the status) the test does: by polling, never by being told."""
import json
import re
import threading

from harness.heddle import Heddle
from harness.parts import ControlPlane, GitHost, Registry
from harness.processes import House, check, wait_until
from kinds import CLUSTERS, DEPLOYMENTS, PIPELINE, Charts

APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"

# As Argo CD defines it: the status is no subresource, so each change of it is a new generation.
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "applications.argoproj.io"},
    "spec": {
        "group": "argoproj.io", "scope": "Namespaced",
        "names": {"kind": "Application", "listKind": "ApplicationList", "plural": "applications",
                  "singular": "application", "shortNames": ["app", "apps"]},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True,
                      "schema": {"openAPIV3Schema": {
                          "type": "object", "required": ["metadata", "spec"],
                          "properties": {
                              "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                              "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                              "operation": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}],
    },
}


class Argo:
    """One thread for all clusters; each of them has an Argo CD that serves itself."""

    def __init__(self, plane, git):
        self.plane, self.git = plane, git
        self.synced = {}  # (cluster, name) → (source, revision) of the last operation
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.is_over.wait(0.5):
            for cluster in CLUSTERS:
                for found in (self.plane.ask(cluster, "GET", APPLICATIONS) or {"items": []})["items"]:
                    self._reconcile(cluster, found)

    def _image(self, source):
        """Files of the repository, then the object of values, then parameters."""
        helm = source.get("helm", {})
        text = "".join(self.git.show(f"{source['path']}/{name}") for name in ["values.yaml", *helm.get("valueFiles", [])]) \
            if "path" in source else ""
        found = {key: re.findall(rf"{key}: (\S+)", text) for key in ["repository", "tag"]}
        image = {key: values[-1] for key, values in found.items() if values}
        image |= helm.get("valuesObject", {}).get("image", {})
        image |= {one["name"].split(".")[1]: one["value"] for one in helm.get("parameters", [])}
        return f"{image['repository']}:{image['tag']}"

    def _reconcile(self, cluster, found):
        name, source = found["metadata"]["name"], found["spec"]["source"]
        workload = found["spec"]["destination"]["namespace"] and name.removesuffix(f"-{cluster}")
        revision = source["targetRevision"] if "chart" in source else self.git.head()
        wanted = (json.dumps(source, sort_keys=True), revision)
        fails = revision.startswith("9.")
        if self.synced.get((cluster, name)) != wanted and not fails:
            labels = {"app": workload}
            self.plane.apply(cluster, f"{DEPLOYMENTS}/{workload}", json.dumps({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": workload},
                "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                         "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                             {"name": "main", "image": self._image(source)}]}}}}))
        self.synced[(cluster, name)] = wanted
        self._tell(cluster, found, workload, revision, fails)

    def _tell(self, cluster, found, workload, revision, fails):
        source = found["spec"]["source"]
        pods = self.plane.ask(cluster, "GET", f"/api/v1/namespaces/shop/pods?labelSelector=app%3D{workload}")["items"]
        images = sorted({one["image"] for pod in pods for one in pod["spec"]["containers"]})
        made = self.plane.deployment(cluster, workload) or {"metadata": {}, "status": {}}
        is_well = (made["status"].get("observedGeneration") == made["metadata"].get("generation")
                   and made["status"].get("availableReplicas") == 2 and made["status"].get("replicas") == 2
                   and made["status"].get("updatedReplicas") == 2)
        status = {
            "sync": {"status": "OutOfSync" if fails else "Synced", "revision": revision, "comparedTo": {
                "source": source, "destination": found["spec"]["destination"]}},
            "health": {"status": "Healthy" if is_well else "Progressing"},
            "summary": {"images": images},
            "operationState": {
                "phase": "Failed" if fails else "Succeeded",
                "message": "one or more objects failed to apply, reason: the hook shop/migrate failed" if fails else
                           "successfully synced (all tasks run)",
                "syncResult": {"revision": revision, "source": source}},
        }
        if found.get("status") != status:
            self.plane.ask(cluster, "PATCH", f"{APPLICATIONS}/{found['metadata']['name']}", {"status": status},
                           "application/merge-patch+json")

    def stop(self):
        self.is_over.set()
        self.thread.join(10)


def application(name, cluster, source):
    return (f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}-{cluster}, namespace: argocd}}\n"
            "spec:\n  project: default\n  destination: {name: in-cluster, namespace: shop}\n"
            "  syncPolicy: {automated: {}}\n  source:\n" + source)


def files(host, charts):
    made = {
        "heddle.yaml": PIPELINE,
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        "charts/web/values.yaml": f"image:\n  repository: {host}/shop/web\n  tag: 1.0.0\n",
    }
    for cluster in CLUSTERS:
        made |= {
            f"clusters/{cluster}/namespaces.yaml": "".join(
                f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n---\n" for name in ["argocd", "shop"]),
            f"charts/web/values-{cluster}.yaml": "# of this stage\nimage:\n  tag: 1.0.0   # ours\n",
            f"clusters/{cluster}/web.yaml": application(
                "web", cluster, "    repoURL: https://git.example.org/config.git\n    targetRevision: HEAD\n"
                                f"    path: charts/web\n    helm:\n      valueFiles: [values-{cluster}.yaml]\n"),
            f"clusters/{cluster}/api.yaml": application(
                "api", cluster, f"    repoURL: {charts.url}\n    chart: api\n    targetRevision: 1.0.0 # the chart\n"
                                f"    helm:\n      parameters:\n        - {{name: image.repository, value: {host}/shop/api}}\n"
                                "        - {name: image.tag, value: 1.0.0} # ours\n"),
        }
    return made


def compared(plane, cluster, name):
    return plane.ask(cluster, "GET", f"{APPLICATIONS}/{name}-{cluster}")["spec"]["source"]


def check_values_file(heddle, git, registry, plane):
    """A chart of the repository, with a file of values for each stage."""
    before = git.head()
    registry.push("shop/web", "1.1.0")
    wanted = {f"{registry.host}/shop/web:1.1.0"}
    found = wait_until("dev has a release", lambda: (heddle.releases(stage="dev", kind="auto", workload="web") or [None])[0], 30)
    heddle.wait_phase(found["id"], "done")
    check(plane.running_digests("dev", "web") == wanted, "done means that the pods of the Application run the version")
    changed = list(git.changed_lines(before).values())
    check(changed == [["1 1 charts/web/values-dev.yaml"]], f"one line of dev's file has changed: {changed}")
    check(heddle.cell("prod", "web")["targets"][0]["version"] == "1.0.0", "prod keeps its own")
    heddle.cli("promote", "web", "--to", "prod", "-y")
    check(plane.running_digests("prod", "web") == wanted, "prod runs it")
    check(heddle.runs("prod", "web", "1.1.0"), f"and its cell says so: {heddle.cell('prod', 'web')['targets']}")


def check_parameter(heddle, git, registry, plane):
    before = git.head()
    registry.push("shop/api", "1.1.0")
    wait_until("dev wants it", lambda: heddle.cell("dev", "api")["targets"][0]["version"] == "1.1.0", 40)
    wait_until("dev runs it", lambda: heddle.runs("dev", "api", "1.1.0"), 60)
    check(plane.running_digests("dev", "api") == {f"{registry.host}/shop/api:1.1.0"}, "its pods do")
    changed = list(git.changed_lines(before).values())
    check(changed == [["1 1 clusters/dev/api.yaml"]], f"one line has changed: {changed}")
    check("{name: image.tag, value: 1.1.0} # ours" in git.show("clusters/dev/api.yaml"), "and its comment stays")


def check_chart(heddle, git, charts, plane):
    charts.publish("api", "1.1.0")
    wait_until("dev has the chart", lambda: compared(plane, "dev", "api")["targetRevision"] == "1.1.0", 60)
    check("targetRevision: 1.1.0 # the chart" in git.show("clusters/dev/api.yaml"), "Git says it")
    found = heddle.releases(stage="dev", kind="auto", workload="api")[0]
    heddle.wait_phase(found["id"], "done")
    heddle.cli("promote", "api", "--to", "prod", "-y")
    source = compared(plane, "prod", "api")
    check(source["targetRevision"] == "1.1.0" and source["helm"]["parameters"][1]["value"] == "1.1.0",
          f"image and chart go on together: {source}")


def check_failure(heddle, charts):
    charts.publish("api", "9.0.0")
    found = wait_until("dev tries it", lambda: next(
        (release for release in heddle.releases(stage="dev", kind="auto")
         if release["versions"][0]["to"] == "9.0.0"), None), 40)
    failed = heddle.wait_phase(found["id"], "failed", 150)
    check("the hook shop/migrate failed" in json.dumps(failed), f"Argo CD's words are shown: {failed}")


def applications_are_promoted_and_done_means_that_argo_cd_says_so(program):
    house = House()
    argo = None
    charts = Charts()
    try:
        git = GitHost(house)
        heddle = Heddle(house, program, git)
        registry = Registry(house, heddle.url + "/hooks/registry", "")
        plane = ControlPlane(house, CLUSTERS)
        for cluster in CLUSTERS:
            plane.ask(cluster, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
            wait_until(f"{cluster} knows Applications", lambda name=cluster: plane.ask(name, "GET", APPLICATIONS), 30)
        for name in ["web", "api"]:
            registry.push(f"shop/{name}", "1.0.0")
        charts.publish("api", "1.0.0")
        git.commit(files(registry.host, charts), "Begin with 1.0.0 everywhere")
        argo = Argo(plane, git)
        heddle.start_server()
        for cluster in CLUSTERS:
            heddle.add_agent(cluster, plane.kubeconfig(cluster))
        wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == 4, 90)
        check_values_file(heddle, git, registry, plane)
        check_parameter(heddle, git, registry, plane)
        check_chart(heddle, git, charts, plane)
        check_failure(heddle, charts)
    finally:
        if argo:
            argo.stop()
        charts.stop()
        house.close()


TESTS = [applications_are_promoted_and_done_means_that_argo_cd_says_so]
