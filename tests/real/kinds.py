"""Workloads that come by charts: Helm values are promoted, and done means that the pods run them.

A chart of the repository is rendered by the real kustomize and helm, by the server and by the agents.  Flux itself is not here; what it does to a HelmRelease (a Deployment with its labels, then Ready) the test does."""
import json
import os
import threading

from harness.heddle import Heddle
from harness.parts import ControlPlane, GitHost, Registry, rig
from harness.processes import House, check, wait_until

CLUSTERS = ["dev", "prod"]
RELEASES = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/shop/helmreleases"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"

PIPELINE = """apiVersion: heddle.dev/v1
kind: Pipeline
metadata: {name: shop}
spec:
  versions:
    - images: "**"
      policy: {semver: ">=1.0.0"}
  stages:
    - name: dev
      targets: [{cluster: dev, path: clusters/dev}]
      automatic: true
    - name: prod
      from: [dev]
      targets: [{cluster: prod, path: clusters/prod}]
"""

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "helmreleases.helm.toolkit.fluxcd.io"},
    "spec": {
        "group": "helm.toolkit.fluxcd.io", "scope": "Namespaced",
        "names": {"kind": "HelmRelease", "listKind": "HelmReleaseList", "plural": "helmreleases",
                  "singular": "helmrelease"},
        "versions": [{"name": "v2", "served": True, "storage": True, "subresources": {"status": {}},
                      "schema": {"openAPIV3Schema": {"type": "object",
                                                     "x-kubernetes-preserve-unknown-fields": True}}}],
    },
}


def release(host):
    return f"""apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
  namespace: shop
spec:
  interval: 5m
  chart:
    spec: {{chart: web, version: 1.x, sourceRef: {{kind: HelmRepository, name: acme}}}}
  values:
    image:
      repository: {host}/shop/web   # of the shop
      tag: 1.0.0
    replicas: 2
"""


class Flux:
    """Installs the one chart there is, as helm-controller would; one thread for all clusters."""

    def __init__(self, plane):
        self.plane = plane
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.is_over.wait(0.5):
            for cluster in CLUSTERS:
                for found in (self.plane.ask(cluster, "GET", RELEASES) or {"items": []})["items"]:
                    self._install(cluster, found)

    def _install(self, cluster, found):
        name, generation = found["metadata"]["name"], found["metadata"]["generation"]
        if found.get("status", {}).get("observedGeneration") == generation:
            return
        image = found["spec"]["values"]["image"]
        labels = {"app": name}
        self.plane.apply(cluster, f"{DEPLOYMENTS}/{name}", json.dumps({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "labels": {"helm.toolkit.fluxcd.io/name": name,
                                                  "helm.toolkit.fluxcd.io/namespace": "shop"}},
            "spec": {"replicas": found["spec"]["values"]["replicas"], "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                         {"name": "main", "image": f"{image['repository']}:{image['tag']}"}]}}}}))
        self.plane.ask(cluster, "PATCH", f"{RELEASES}/{name}/status", {"status": {
            "observedGeneration": generation,
            "conditions": [{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded", "message": "",
                            "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}, "application/merge-patch+json")

    def stop(self):
        self.is_over.set()
        self.thread.join(10)


def files(host):
    overlay = "resources:\n  - ../../base\n"
    return {
        "heddle.yaml": PIPELINE,
        "base/kustomization.yaml": "resources:\n  - namespace.yaml\n  - web.yaml\n",
        "base/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        "base/web.yaml": release(host),
        "clusters/dev/kustomization.yaml": overlay,
        "clusters/prod/kustomization.yaml": overlay,
    }


def check_followed(heddle, git, registry, plane):
    """A version in a shared base reaches one stage by a patch of its own, and the next by asking."""
    registry.push("shop/web", "1.1.0")
    wanted = {f"{registry.host}/shop/web:1.1.0"}  # Git says tags here, and the fake nodes report what they were asked for
    found = wait_until("dev has a release", lambda: (heddle.releases(stage="dev", kind="auto") or [None])[0], 20)
    done = heddle.wait_phase(found["id"], "done")
    check(plane.running_digests("dev", "web") == wanted, "done means that the pods of the chart run the version")
    check(done["items"][0]["wanted"] == 2 and done["items"][0]["ready"] == 2, f"its pods are counted: {done['items']}")
    check(git.show("base/web.yaml") == release(registry.host), "the shared file stays as it is")
    check("patches:\n  - path: web-version.yaml\n" in git.show("clusters/dev/kustomization.yaml"), "dev has a patch")
    check("1.1.0" in git.show("clusters/dev/web-version.yaml"), "which says the version")
    check(heddle.cell("prod", "web")["targets"][0]["version"] == "1.0.0", "prod keeps its own")

    plan = heddle.cli("promote", "web", "--to", "prod", "--dry-run")
    check("clusters/prod/web-version.yaml is added as a patch" in plan, f"the plan says where: {plan}")
    heddle.cli("promote", "web", "--to", "prod", "-y")
    check(plane.running_digests("prod", "web") == wanted, "prod runs it")

    registry.push("shop/web", "1.2.0")
    before = git.head()
    newer = {f"{registry.host}/shop/web:1.2.0"}
    wait_until("dev runs 1.2.0", lambda: plane.running_digests("dev", "web") == newer, 60)
    changed = list(git.changed_lines(before).values())
    check(changed == [["1 1 clusters/dev/web-version.yaml"]], f"from then on one line of the patch changes: {changed}")


def helm_values_are_promoted_and_done_means_running(program):
    house = House()
    flux = None
    try:
        git = GitHost(house)
        heddle = Heddle(house, program, git)
        registry = Registry(house, heddle.url + "/hooks/registry", "")
        plane = ControlPlane(house, CLUSTERS)
        for cluster in CLUSTERS:
            plane.ask(cluster, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
            wait_until(f"{cluster} knows HelmReleases", lambda name=cluster: plane.ask(name, "GET", RELEASES), 30)
        flux = Flux(plane)
        registry.push("shop/web", "1.0.0")
        git.commit(files(registry.host), "Begin with 1.0.0 everywhere")
        heddle.start_server()
        for cluster in CLUSTERS:
            heddle.add_agent(cluster, plane.kubeconfig(cluster))
        wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == 2, 90)
        check_followed(heddle, git, registry, plane)
    finally:
        if flux:
            flux.stop()
        house.close()


# ---- a chart in the repository ----

CHART_TEMPLATE = """{{- range $name := list "cart" "web" }}
{{- $app := index $.Values $name }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ $.Release.Name }}-{{ $name }}, namespace: {{ $.Release.Namespace }}}
spec:
  replicas: {{ $.Values.replicas }}
  selector: {matchLabels: {app: shop-{{ $name }}}}
  template:
    metadata: {labels: {app: shop-{{ $name }}}}
    spec: {containers: [{name: main, image: "{{ $app.image.repository }}:{{ $app.image.tag }}"}]}
---
{{- end }}
"""

CHART_KUSTOMIZATION = """namespace: shop
resources: [namespace.yaml]
helmGlobals: {chartHome: ../../charts}
helmCharts:
  - name: shop
    releaseName: shop
    valuesFile: values.yaml
"""


def chart_files(host):
    made = {
        "heddle.yaml": PIPELINE,
        "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
        "charts/shop/templates/apps.yaml": CHART_TEMPLATE,
        "charts/shop/values.yaml": "replicas: 1\n" + "".join(
            f"{name}:\n  image:\n    repository: {host}/shop/{name}\n    tag: 1.0.0\n" for name in ["cart", "web"]),
    }
    for cluster in CLUSTERS:
        made |= {
            f"clusters/{cluster}/kustomization.yaml": CHART_KUSTOMIZATION,
            f"clusters/{cluster}/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
            f"clusters/{cluster}/values.yaml": "# of this stage\ncart:\n  image: {tag: 1.0.0} # ours\n",
        }
    return made


def runs(heddle, plane, registry, stage, name):
    """Does the stage say 1.1.0 and its one cluster run it?  Git says tags here, so digests are the tags' names."""
    target = heddle.cell(stage, f"shop-{name}")["targets"][0]
    return (target["version"] == "1.1.0" and target["state"] == "healthy"
            and plane.running_digests(stage, f"shop-{name}") == {f"{registry.host}/shop/{name}:1.1.0"})


def check_values_files(heddle, git, registry, plane):
    """The stage's own value is changed where it stands; a shared one gets a value of the stage's own beside it."""
    for name in ["cart", "web"]:
        registry.push(f"shop/{name}", "1.1.0")
    wait_until("dev runs both", lambda: all(runs(heddle, plane, registry, "dev", name) for name in ["cart", "web"]), 90)
    check(git.show("clusters/dev/values.yaml") == "# of this stage\ncart:\n  image: {tag: 1.1.0} # ours\n"
          "web:\n  image:\n    tag: 1.1.0\n", f"dev's own values say it: {git.show('clusters/dev/values.yaml')}")
    check("tag: 1.0.0" in git.show("charts/shop/values.yaml") and "1.1.0" not in git.show("charts/shop/values.yaml"),
          "the chart stays as it is")
    for name in ["cart", "web"]:
        check(heddle.cell("prod", f"shop-{name}")["targets"][0]["version"] == "1.0.0", f"prod keeps {name}")

    plan = heddle.cli("promote", "shop-web", "--to", "prod", "--dry-run")
    check("clusters/prod/values.yaml gets a value for web.image" in plan, f"the plan says where: {plan}")
    before = git.head()
    heddle.cli("promote", "shop-cart", "shop-web", "--to", "prod", "-y")
    check(all(runs(heddle, plane, registry, "prod", name) for name in ["cart", "web"]), "prod runs both")
    changed = git.changed_lines(before)
    check(list(changed.values()) == [["4 1 clusters/prod/values.yaml"]], f"one file has changed: {changed}")


def a_chart_of_the_repository_is_promoted_by_its_values_files(program):
    house = House()
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{os.path.dirname(rig('helm'))}:{path}"
    try:
        git = GitHost(house)
        heddle = Heddle(house, program, git)
        registry = Registry(house, heddle.url + "/hooks/registry", "")
        plane = ControlPlane(house, CLUSTERS)
        for name in ["cart", "web"]:
            registry.push(f"shop/{name}", "1.0.0")
        git.commit(chart_files(registry.host), "Begin with 1.0.0 everywhere")
        heddle.start_server()
        for cluster in CLUSTERS:
            heddle.add_agent(cluster, plane.kubeconfig(cluster))
        wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == 4, 90)
        check_values_files(heddle, git, registry, plane)
    finally:
        os.environ["PATH"] = path
        house.close()


TESTS = [helm_values_are_promoted_and_done_means_running, a_chart_of_the_repository_is_promoted_by_its_values_files]
