"""A repository of 10,000 manifests scanned, against `kustomize build` of its targets."""
import os
import subprocess
import tempfile
import time

from figures import Figure
from harness.parts import rig
from harness.processes import check

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: main
          image: ghcr.io/acme/{name}:1.0.0
          ports: [{{containerPort: 8080}}]
          env: [{{name: LEVEL, value: info}}]
          resources: {{requests: {{cpu: 50m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
"""
TARGETS = ["dev", "staging", "prod"]


def write(folder, path, text):
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)


def make_repository(folder, manifests):
    """A base for each service, and an overlay for each service in each target: five files a service."""
    count = manifests // (2 + len(TARGETS))
    names = [f"service-{number:05}" for number in range(count)]
    for name in names:
        write(folder, f"services/{name}/deployment.yaml", DEPLOYMENT.format(name=name))
        write(folder, f"services/{name}/kustomization.yaml", "resources: [deployment.yaml]\n")
        for target in TARGETS:
            write(folder, f"clusters/{target}/{name}/kustomization.yaml",
                  f"resources: [../../../services/{name}]\nimages:\n  - name: ghcr.io/acme/{name}\n    newTag: 1.1.0\n")
    for target in TARGETS:
        write(folder, f"clusters/{target}/kustomization.yaml",
              "resources:\n" + "".join(f"  - {name}\n" for name in names))
    return count


def timed(command, folder):
    """Seconds, peak memory in MiB, and what was printed."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    check(status == 0, f"{command}: {status}")
    return time.monotonic() - began, usage.ru_maxrss / 1024, printed


def measure(program, quick):
    manifests = 1000 if quick else 10000
    with tempfile.TemporaryDirectory() as folder:
        count = make_repository(folder, manifests)
        scanned, memory, printed = timed([program, "scan", "-o", "json"], folder)
        check(printed.count(b'"form"') == count * (1 + len(TARGETS)), "every version is found")
        builds = [timed([rig("kustomize"), "build", f"clusters/{target}"], folder) for target in TARGETS]
        check(all(text.count(b"kind: Deployment") == count for _, _, text in builds), "every target is rendered")
    return [Figure(f"scan of {manifests} manifests", scanned, "s", sum(seconds for seconds, _, _ in builds),
                   f"kustomize build of its {len(TARGETS)} targets", goal_ratio=20),
            Figure("  its peak memory", memory, "MiB", max(peak for _, peak, _ in builds), "kustomize")]
