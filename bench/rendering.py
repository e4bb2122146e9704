"""1,000 folders that a kustomization gathers, rendered from Git as an agent does, against kustomize build."""
import json
import os
import subprocess
import time

from figures import Figure
from harness.parts import rig
from harness.processes import House, check, run

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHANGES = 5
MANIFESTS = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {name}
      containers:
      - name: main
        image: registry.example.org/{name}:1.0.0
        envFrom: [{{configMapRef: {{name: settings}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
"""
KUSTOMIZATION = """resources: [manifests.yaml]
namespace: {name}
images: [{{name: registry.example.org/{name}, newTag: {tag}}}]
configMapGenerator: [{{name: settings, literals: [LEVEL=info, NAME={name}]}}]
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: {name}}}
    spec: {{replicas: 2, template: {{spec: {{containers: [{{name: main, resources: {{limits: {{memory: 1Gi}}}}}}]}}}}}}
"""


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def git(folder, *arguments):
    return run(["git", "-C", folder, "-c", "user.name=bench", "-c", "user.email=bench@shop.example", *arguments], seconds=120)


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Change")


def make(folder, count):
    run(["git", "init", "-q", "-b", "main", folder])
    names = [f"app-{n}" for n in range(count)]
    write(folder, "dev/kustomization.yaml", "resources:\n" + "".join(f"- {name}\n" for name in names))
    for name in names:
        write(folder, f"dev/{name}/manifests.yaml", MANIFESTS.format(name=name))
        write(folder, f"dev/{name}/kustomization.yaml", KUSTOMIZATION.format(name=name, tag="1.0.0"))
    commit(folder)


def by_kustomize(house, folder):
    """Seconds, peak KiB and objects of one `kustomize build`."""
    out = house.path("built.yaml")
    began = time.monotonic()
    with open(out, "wb") as built:
        child = subprocess.Popen([rig("kustomize"), "build", "dev"], cwd=folder, stdout=built)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    check(child.returncode == 0, "kustomize build failed")
    with open(out, encoding="utf-8") as built:
        return took, usage.ru_maxrss, built.read().count("\n---\n") + 1


class Renderer:
    def __init__(self, house, folder):
        tool = os.path.join(ROOT, "build/release/tests/real/render/render_bench")
        self.child = subprocess.Popen([tool, house.path("mirror"), folder, "main", "dev"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)

    def answer(self):
        line = self.child.stdout.readline()
        check(line, "render_bench ended")
        return json.loads(line)

    def again(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return self.answer()

    def end(self):
        self.child.stdin.close()
        self.child.wait(30)


def changed(renderer, folder):
    """The median of some commits that change one folder each."""
    took = []
    for n in range(CHANGES):
        write(folder, f"dev/app-{n}/kustomization.yaml", KUSTOMIZATION.format(name=f"app-{n}", tag="2.0.0"))
        commit(folder)
        answer = renderer.again()
        check(answer["read"] == 2, f"{answer['read']} files were read for one changed folder")
        took.append(answer["ms"])
    return sorted(took)[CHANGES // 2]


def measure(program, quick):
    del program
    count = 100 if quick else 1000
    subprocess.run(["ninja", "-C", os.path.join(ROOT, "build/release"), "--quiet", "render_bench"], check=True)
    house = House()
    try:
        folder = house.path("config")
        make(folder, count)
        renderer = Renderer(house, folder)
        first = renderer.answer()
        one = changed(renderer, folder)
        renderer.end()
        took, memory, objects = by_kustomize(house, folder)
        check(first["objects"] == objects == 4 * count, f"heddle has {first['objects']} objects, kustomize {objects}")
        return [
            Figure(f"{count} folders rendered the first time", first["ms"] / 1e3, "s", took, "kustomize build", goal_ratio=50),
            Figure("its peak memory", first["peak_kib"] / 1024, "MiB", memory / 1024, "kustomize build"),
            Figure("one of them changed", one, "ms", goal=10),
        ]
    finally:
        house.close()
