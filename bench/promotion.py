"""100 workloads promoted in a repository of 20,000 files, against a script that clones, edits, commits and pushes."""
import os
import subprocess
import time

from figures import Figure
from harness.heddle import Heddle
from harness.oci import push_versions
from harness.parts import GitHost, Registry, rig
from harness.processes import House, check, run, wait_until

PIPELINE = """apiVersion: heddle.dev/v1
kind: Pipeline
metadata: {name: bench}
spec:
  stages:
    - name: dev
      targets: [{cluster: dev, path: clusters/dev}]
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: main, image: {image}}}]}}
"""


def files_of(names, registry, count):
    """Each workload has a kustomization of its own; the rest of the files are other people's."""
    found = {"heddle.yaml": PIPELINE,
             "clusters/dev/kustomization.yaml": "resources:\n" + "".join(f"  - {name}\n" for name in names)}
    for name in names:
        image = f"{registry.host}/bench/{name}"
        found[f"clusters/dev/{name}/deployment.yaml"] = DEPLOYMENT.format(name=name, image=image)
        found[f"clusters/dev/{name}/kustomization.yaml"] = (
            f"resources:\n  - deployment.yaml\nimages:\n  - name: {image}\n    newTag: 1.0.0\n")
    for number in range(count - len(found)):
        found[f"others/team-{number % 97}/service-{number}.yaml"] = DEPLOYMENT.format(
            name=f"service-{number}", image=f"registry.example.org/service-{number}:1.0.0")
    return found


def by_script(house, git, names, registry):
    """What a pipeline of today does for one release."""
    folder = house.path("clone")
    url = git.http_url.replace("http://", f"http://{git.USER}:{git.PASSWORD}@")
    began = time.monotonic()
    run(["git", "clone", "-q", "--depth", "1", url, folder], seconds=600)
    for name in names:
        subprocess.run([rig("kustomize"), "edit", "set", "image", f"{registry.host}/bench/{name}:2.0.0"], check=True,
                       cwd=os.path.join(folder, "clusters/dev", name))
    run(["git", "-C", folder, "-c", "user.name=ci", "-c", "user.email=ci@shop.example", "commit", "-q", "-a", "-m",
         "Release"], seconds=600)
    run(["git", "-C", folder, "push", "-q", "origin", "HEAD:script"], seconds=600)
    return time.monotonic() - began


def by_heddle(heddle, git, names):
    """From the request to the commit on the host's branch: the plan with its diff, the release, the push."""
    before = git.head()
    wish = {"to": "dev", "from": "registry", "workloads": names}
    began = time.monotonic()
    plan = heddle.ask("/api/v1/plans", wish)
    planned = time.monotonic() - began
    heddle.ask("/api/v1/releases", {**wish, "planDigest": plan["digest"], "reason": "bench"})
    wait_until("the commit is pushed", lambda: git.head() != before, 120)
    took = time.monotonic() - began
    check(len(plan["items"]) == len(names), f"all are in the plan: {plan['summary']}")
    return took, planned


def memory_mib(house, name, field="VmRSS"):
    with open(f"/proc/{house.processes[name].pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def measure(program, quick):
    names = [f"app-{number}" for number in range(10 if quick else 100)]
    house = House()
    try:
        git, registry = GitHost(house), Registry(house)
        for name in names:
            push_versions(registry, f"bench/{name}", ["1.0.0", "2.0.0"])
        git.commit(files_of(names, registry, 2000 if quick else 20000), "Begin")
        heddle = Heddle(house, program, git, server_flags=["--poll-git", "60s", "--poll-registry", "60s"])
        heddle.start_server()
        wait_until("the versions are known", lambda: all(
            any(v["tag"] == "2.0.0" for v in heddle.ask(f"/api/v1/versions?workload={n}")["items"]) for n in names), 120)
        scripted = by_script(house, git, names, registry)
        took, planned = by_heddle(heddle, git, names)
        memory = memory_mib(house, "server")
    finally:
        house.close()
    what = f"promotion of {len(names)} workloads, {2000 if quick else 20000} files"
    return [Figure(what, took, "s", scripted, "clone, kustomize edit, commit, push"),
            Figure("  of it the plan with its diff", planned, "s"),
            Figure("  the server's memory then", memory, "MiB")]
