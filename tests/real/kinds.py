"""Workloads that come by charts: Helm values and charts are promoted, and done means that they run.

A chart of the repository is rendered by the real kustomize and helm, by the server and by the agents.  Flux itself is not here; what it does to a HelmRelease (a Deployment with its labels, then Ready) the test does."""
import hashlib
import http.server
import json
import os
import re
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


def run_releases(program, files_of, flux_of, check_all):
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
        flux = flux_of(plane)
        registry.push("shop/web", "1.0.0")
        git.commit(files_of(registry.host), "Begin with 1.0.0 everywhere")
        flux.git = git
        heddle.start_server()
        for cluster in CLUSTERS:
            heddle.add_agent(cluster, plane.kubeconfig(cluster))
        wait_until("everything runs 1.0.0", lambda: heddle.all_healthy() == 2, 90)
        check_all(heddle, git, registry, plane)
    finally:
        if flux:
            flux.stop()
        house.close()


def helm_values_are_promoted_and_done_means_running(program):
    run_releases(program, files, Flux, check_followed)


# ---- values from a ConfigMap that a kustomization makes of a file ----


class FluxWithMaps(Flux):
    """Takes the image's tag from the ConfigMap that valuesFrom names, and looks at it again and again."""

    def __init__(self, plane):
        self.installed = {}
        super().__init__(plane)

    def _install(self, cluster, found):
        source = found["spec"]["valuesFrom"][0]["name"]
        kept = self.plane.ask(cluster, "GET", f"/api/v1/namespaces/shop/configmaps/{source}")
        tag = re.search(r"tag: (\S+)", kept["data"]["values.yaml"])[1] if kept else None
        if not tag or self.installed.get(cluster) == tag:
            return
        found["spec"]["values"]["image"]["tag"] = tag
        found.get("status", {}).pop("observedGeneration", None)
        super()._install(cluster, found)
        self.installed[cluster] = tag


def files_with_maps(host):
    values = "  values:\n    image:\n      repository: {host}/shop/web\n    replicas: 2\n".replace("{host}", host)
    overlay = ("namespace: shop\nresources:\n  - ../../base\nconfigMapGenerator:\n  - name: web-values\n"
               "    files: [values.yaml=web-values.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\n")
    made = files(host)
    made["base/web.yaml"] = (made["base/web.yaml"].split("  values:")[0]
                             + "  valuesFrom: [{kind: ConfigMap, name: web-values}]\n" + values)
    for cluster in CLUSTERS:
        made[f"clusters/{cluster}/kustomization.yaml"] = overlay
        made[f"clusters/{cluster}/web-values.yaml"] = f"# of {cluster}\nimage:\n  tag: 1.0.0   # ours\n"
    return made


def check_maps(heddle, git, registry, plane):
    registry.push("shop/web", "1.1.0")
    wanted = {f"{registry.host}/shop/web:1.1.0"}
    found = wait_until("dev has a release", lambda: (heddle.releases(stage="dev", kind="auto") or [None])[0], 20)
    heddle.wait_phase(found["id"], "done")
    check(plane.running_digests("dev", "web") == wanted, "done means that the pods of the chart run the version")
    check(git.show("clusters/dev/web-values.yaml") == "# of dev\nimage:\n  tag: 1.1.0   # ours\n",
          f"the file says it: {git.show('clusters/dev/web-values.yaml')}")
    before = git.head()
    heddle.cli("promote", "web", "--to", "prod", "-y")
    check(plane.running_digests("prod", "web") == wanted, "prod runs it")
    changed = list(git.changed_lines(before).values())
    check(changed == [["1 1 clusters/prod/web-values.yaml"]], f"one line of one file has changed: {changed}")


def values_of_config_maps_are_promoted_and_done_means_running(program):
    run_releases(program, files_with_maps, FluxWithMaps, check_maps)


# ---- valuesFiles of a chart in the repository ----


class FluxWithFiles(Flux):
    """Packs the chart of the repository's newest commit with its valuesFiles, as source-controller does for
    `reconcileStrategy: Revision`, and looks at it again and again."""

    def __init__(self, plane):
        self.git = None  # when there is one
        self.installed = {}
        super().__init__(plane)

    def _install(self, cluster, found):
        if not self.git:
            return
        text = "".join(self.git.show(path) for path in found["spec"]["chart"]["spec"]["valuesFiles"])
        image = {"repository": re.search(r"repository: (\S+)", text)[1], "tag": re.findall(r"tag: (\S+)", text)[-1]}
        if self.installed.get(cluster) == image:
            return
        found["spec"]["values"] = {"image": image, "replicas": 2}
        found.get("status", {}).pop("observedGeneration", None)
        super()._install(cluster, found)
        self.installed[cluster] = image


def files_with_values_files(host):
    made = {
        "heddle.yaml": PIPELINE,
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        "charts/web/values.yaml": f"image:\n  repository: {host}/shop/web\n  tag: 1.0.0\n",
        "values/dev.yaml": "# of dev\nimage:\n  tag: 1.0.0   # ours\n",
        "values/prod.yaml": "replicas: 2\n",
    }
    for cluster in CLUSTERS:
        made[f"clusters/{cluster}/web.yaml"] = (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + chart_release(
                "web", "  chart:\n    spec:\n      chart: ./charts/web\n      reconcileStrategy: Revision\n"
                       "      sourceRef: {kind: GitRepository, name: config}\n"
                       f"      valuesFiles: [charts/web/values.yaml, values/{cluster}.yaml]\n"))
    return made


def check_values_files_of_releases(heddle, git, registry, plane):
    """dev's own file says the version; prod's gets one, since the chart's is for both."""
    registry.push("shop/web", "1.1.0")
    wanted = {f"{registry.host}/shop/web:1.1.0"}
    found = wait_until("dev has a release", lambda: (heddle.releases(stage="dev", kind="auto") or [None])[0], 20)
    heddle.wait_phase(found["id"], "done")
    check(plane.running_digests("dev", "web") == wanted, "done means that the pods of the chart run the version")
    check(git.show("values/dev.yaml") == "# of dev\nimage:\n  tag: 1.1.0   # ours\n",
          f"the file says it: {git.show('values/dev.yaml')}")
    before = git.head()
    plan = heddle.cli("promote", "web", "--to", "prod", "--dry-run")
    check("values/prod.yaml gets a value for image" in plan, f"the plan says where: {plan}")
    heddle.cli("promote", "web", "--to", "prod", "-y")
    check(plane.running_digests("prod", "web") == wanted, "prod runs it")
    changed = list(git.changed_lines(before).values())
    check(changed == [["2 0 values/prod.yaml"]], f"two lines of one file are new: {changed}")


def values_files_of_releases_are_promoted_and_done_means_running(program):
    run_releases(program, files_with_values_files, FluxWithFiles, check_values_files_of_releases)


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


# ---- charts themselves ----

OCI_REPOSITORIES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/shop/ocirepositories"

def source_definition(kind):
    plural = kind.lower()[:-1] + "ies"
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.source.toolkit.fluxcd.io"},
        "spec": {**DEFINITION["spec"], "group": "source.toolkit.fluxcd.io",
                 "names": {"kind": kind, "listKind": kind + "List", "plural": plural, "singular": kind.lower()},
                 "versions": [{**DEFINITION["spec"]["versions"][0], "name": "v1"}]},
    }


class Charts:
    """A repository of charts: an index.yaml behind HTTP, with an ETag as every web server gives."""

    def __init__(self):
        self.versions = {}
        self.statuses = []
        charts = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = charts.index().encode()
                tag = f'"{hashlib.sha256(body).hexdigest()}"'
                status = 404 if self.path != "/stable/index.yaml" else \
                    304 if self.headers["If-None-Match"] == tag else 200
                charts.statuses.append(status)
                self.send_response(status)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body) if status == 200 else 0))
                self.end_headers()
                if status == 200:
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/stable"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def index(self):
        lines = ["apiVersion: v1", "entries:"]
        for name, versions in sorted(self.versions.items()):
            lines.append(f"  {name}:")
            lines += [f"  - name: {name}\n    version: {version}\n    created: \"2026-01-01T00:00:00Z\""
                      for version in versions]
        return "\n".join(lines) + "\n"

    def publish(self, name, version):
        self.versions = {**self.versions, name: [version, *self.versions.get(name, [])]}

    def stop(self):
        self.server.shutdown()


class ChartFlux(Flux):
    """Installs the chart that a release asks for, itself or by an OCIRepository; version 9 fails to upgrade."""

    def __init__(self, plane, digests):
        self.digests = digests  # of the artifact's tags
        super().__init__(plane)

    def _wanted(self, cluster, found):
        if "chart" in found["spec"]:
            return found["spec"]["chart"]["spec"]["version"], None
        source = self.plane.ask(cluster, "GET", f"{OCI_REPOSITORIES}/{found['spec']['chartRef']['name']}")
        tag = source["spec"]["ref"]["tag"] if source else None
        return tag, self.digests.get(tag)

    def _install(self, cluster, found):
        name, generation = found["metadata"]["name"], found["metadata"]["generation"]
        status = found.get("status", {})
        version, digest = self._wanted(cluster, found)
        is_seen = status.get("observedGeneration") == generation and status.get("lastAttemptedRevision") == version
        if not version or is_seen:
            return
        fails = version.startswith("9.")
        labels = {"app": name}
        if not fails:
            self.plane.apply(cluster, f"{DEPLOYMENTS}/{name}", json.dumps({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": name, "labels": {"helm.toolkit.fluxcd.io/name": name,
                                                      "helm.toolkit.fluxcd.io/namespace": "shop"}},
                "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                         "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                             {"name": "main", "image": f"acme/{name}:{version}"}]}}}}))
        history = status.get("history", [])
        entry = {"version": len(history) + 1, "status": "failed" if fails else "deployed", "name": name,
                 "chartName": name, "chartVersion": version + (f"+{digest[7:19]}" if digest else "")}
        entry |= {"ociDigest": digest} if digest else {}
        older = [{**old, "status": "superseded"} if old["status"] == "deployed" and not fails else old
                 for old in history]
        condition = {"type": "Ready", "status": "False" if fails else "True",
                     "reason": "UpgradeFailed" if fails else "UpgradeSucceeded",
                     "message": "Helm upgrade failed: the job shop/migrate failed" if fails else "",
                     "lastTransitionTime": "2026-01-01T00:00:00Z"}
        stalled = [{**condition, "type": "Stalled", "status": "True", "reason": "RetriesExceeded"}] if fails else []
        self.plane.ask(cluster, "PATCH", f"{RELEASES}/{name}/status", {"status": {
            "observedGeneration": generation, "lastAttemptedRevision": version, "history": [entry, *older],
            "conditions": [condition, *stalled]}}, "application/merge-patch+json")


def chart_release(name, spec):
    return (f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}, namespace: shop}}\n"
            f"spec:\n  interval: 5m\n{spec}")


def release_files(charts, registry):
    made = {"heddle.yaml": PIPELINE}
    for cluster in CLUSTERS:
        made |= {
            f"clusters/{cluster}/sources.yaml":
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: acme, namespace: shop}\n"
                f"spec: {{interval: 5m, url: {charts.url}}}\n---\n"
                "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: api, namespace: shop}\n"
                f"spec:\n  interval: 5m\n  url: oci://{registry.host}/charts/api\n  ref: {{tag: 1.0.0}} # the chart\n",
            f"clusters/{cluster}/web.yaml": chart_release(
                "web", "  chart:\n    spec:\n      chart: web\n      version: 1.0.0 # the chart\n"
                       "      sourceRef: {kind: HelmRepository, name: acme}\n"),
            f"clusters/{cluster}/api.yaml": chart_release("api", "  chartRef: {kind: OCIRepository, name: api}\n"),
        }
    return made


def installed(plane, cluster, name):
    """What Flux says itself."""
    found = plane.ask(cluster, "GET", f"{RELEASES}/{name}")
    return [(entry["chartVersion"].split("+")[0], entry["status"]) for entry in found["status"]["history"]][:1]


def check_charts(heddle, git, charts, plane):
    before = git.head()
    charts.publish("web", "1.1.0-rc.1")
    charts.publish("web", "1.1.0")
    found = wait_until("dev has a release", lambda: (heddle.releases(stage="dev", kind="auto") or [None])[0], 40)
    heddle.wait_phase(found["id"], "done")
    check(installed(plane, "dev", "web") == [("1.1.0", "deployed")], "done means that the chart is installed")
    changed = list(git.changed_lines(before).values())
    check(changed == [["1 1 clusters/dev/web.yaml"]], f"one line has changed: {changed}")
    check("      version: 1.1.0 # the chart\n" in git.show("clusters/dev/web.yaml"), "and its comment stays")
    check(heddle.cell("prod", "web")["targets"][0]["version"] == "1.0.0", "prod keeps its own")
    versions = heddle.cli("get", "versions", f"{charts.url}/web")
    check("1.1.0" in versions and "1.1.0-rc.1" in versions, f"all versions are listed: {versions}")

    heddle.cli("promote", "web", "--to", "prod", "-y")
    check(installed(plane, "prod", "web") == [("1.1.0", "deployed")], "prod has it")
    reads = charts.statuses.count(200)
    check(reads <= 3 and charts.statuses.count(304) > reads, f"an equal index is not read again: {charts.statuses}")


def check_referred_chart(heddle, git, registry, plane, digests):
    """The version stands in an OCIRepository, and the release's own generation does not change."""
    before = git.head()
    digests["1.1.0"] = registry.push("charts/api", "1.1.0")
    wait_until("dev has it", lambda: heddle.cell("dev", "api")["targets"][0]["version"] == "1.1.0", 40)
    wait_until("dev runs it", lambda: heddle.runs("dev", "api", "1.1.0"), 60)
    check(installed(plane, "dev", "api") == [("1.1.0", "deployed")], "Flux says so")
    changed = list(git.changed_lines(before).values())
    check(changed == [["1 1 clusters/dev/sources.yaml"]], f"one line has changed: {changed}")
    heddle.cli("promote", "api", "--to", "prod", "-y")
    check(installed(plane, "prod", "api") == [("1.1.0", "deployed")], "prod has it")


def check_failed_chart(heddle, charts):
    charts.publish("web", "9.0.0")
    found = wait_until("dev tries it", lambda: next(
        (release for release in heddle.releases(stage="dev", kind="auto")
         if release["versions"][0]["to"] == "9.0.0"), None), 40)
    failed = heddle.wait_phase(found["id"], "failed", 120)
    check("the job shop/migrate failed" in json.dumps(failed), f"Flux's words are shown: {failed}")


def charts_are_promoted_and_done_means_installed(program):
    house = House()
    flux = None
    charts = Charts()
    try:
        git = GitHost(house)
        heddle = Heddle(house, program, git)
        registry = Registry(house, heddle.url + "/hooks/registry", "")
        plane = ControlPlane(house, CLUSTERS)
        for cluster in CLUSTERS:
            for definition in [DEFINITION, source_definition("HelmRepository"), source_definition("OCIRepository")]:
                plane.ask(cluster, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
            wait_until(f"{cluster} knows HelmReleases", lambda name=cluster: plane.ask(name, "GET", RELEASES), 30)
            wait_until(f"{cluster} knows sources", lambda name=cluster: plane.ask(name, "GET", OCI_REPOSITORIES), 30)
        digests = {}
        flux = ChartFlux(plane, digests)
        charts.publish("web", "1.0.0")
        digests["1.0.0"] = registry.push("charts/api", "1.0.0")
        git.commit(release_files(charts, registry), "Begin with 1.0.0 everywhere")
        heddle.start_server()
        for cluster in CLUSTERS:
            heddle.add_agent(cluster, plane.kubeconfig(cluster))
        wait_until("both charts are installed everywhere", lambda: heddle.all_healthy() == 4, 90)
        check_charts(heddle, git, charts, plane)
        check_referred_chart(heddle, git, registry, plane, digests)
        check_failed_chart(heddle, charts)
    finally:
        if flux:
            flux.stop()
        charts.stop()
        house.close()


TESTS = [helm_values_are_promoted_and_done_means_running, values_of_config_maps_are_promoted_and_done_means_running,
         values_files_of_releases_are_promoted_and_done_means_running,
         a_chart_of_the_repository_is_promoted_by_its_values_files,
         charts_are_promoted_and_done_means_installed]
