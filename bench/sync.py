"""4,000 objects on the real control plane: the agent against kubectl apply --server-side."""
import os
import time

from figures import Figure
from harness.heddle import Heddle
from harness.parts import ControlPlane, GitHost, rig
from harness.processes import House, run, wait_until
from promotion import memory_mib

PIPELINE = """apiVersion: heddle.dev/v1
kind: Pipeline
metadata: {name: bench}
spec:
  stages:
    - name: bench
      targets: [{cluster: heddle, path: clusters/heddle}]
"""
APP = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{n}, namespace: bench}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: app-{n}}}}}
  template:
    metadata: {{labels: {{app: app-{n}}}}}
    spec:
      containers:
        - name: main
          image: registry.example.org/app:{tag}
          ports: [{{containerPort: 8080}}]
          resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: app-{n}, namespace: bench}}
spec: {{selector: {{app: app-{n}}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: app-{n}, namespace: bench}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: app-{n}, namespace: bench}}
spec:
  rules:
    - host: app-{n}.example.org
      http:
        paths:
          - {{path: /, pathType: Prefix, backend: {{service: {{name: app-{n}, port: {{number: 80}}}}}}}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: bench}\n"


def files_of(folder, count, changed=0, tag="2.0.0"):
    found = {f"{folder}/namespace.yaml": NAMESPACE}
    for n in range(count):
        found[f"{folder}/app-{n}.yaml"] = APP.format(n=n, tag=tag if n < changed else "1.0.0")
    return found


def commit_and_wait(heddle, git, files):
    """From the moment everyone is told of a commit to the agent's report that it is applied whole."""
    commit = git.commit(files, "Another state")
    began = time.monotonic()
    heddle.cli("sync")
    wait_until("it is applied", lambda: heddle.ask("/api/v1/clusters")["items"][0].get("appliedCommit") == commit, 300)
    return time.monotonic() - began


def memory_at_rest(house, name):
    """What stays resident when nothing happens for a minute: freed memory goes back to the system meanwhile."""
    seen = []
    wait_until("a minute has passed", lambda: seen.append(memory_mib(house, name)) or len(seen) > 600, 120)
    return seen[-1]


def by_kubectl(plane, house, count):
    """The same files into a cluster of its own, beside the agent's on the same etcd."""
    folder = house.path("kubectl")
    for path, text in files_of(folder, count).items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    kubectl = [rig("kubectl"), "--kubeconfig", plane.kubeconfig("kubectl"), "apply", "--server-side", "-f"]
    run([*kubectl, os.path.join(folder, "namespace.yaml")])
    began = time.monotonic()
    run([*kubectl, folder], seconds=900)
    return time.monotonic() - began


def measure(program, quick):
    count = 100 if quick else 1000
    house = House()
    try:
        git, plane = GitHost(house), ControlPlane(house, ["heddle", "kubectl"])
        git.commit({"heddle.yaml": PIPELINE, "clusters/heddle/namespace.yaml": NAMESPACE}, "Begin")
        heddle = Heddle(house, program, git)
        heddle.start_server()
        heddle.add_agent("heddle", plane.kubeconfig("heddle"))
        wait_until("the agent is there", lambda: heddle.ask("/api/v1/clusters")["items"][0].get("appliedCommit"), 60)
        first = commit_and_wait(heddle, git, files_of("clusters/heddle", count))
        kubectl = by_kubectl(plane, house, count)
        one = commit_and_wait(heddle, git, {"clusters/heddle/app-7.yaml": APP.format(n=7, tag="3.0.0")})
        many = commit_and_wait(heddle, git, files_of("clusters/heddle", count, changed=count))
        agent, peak = memory_at_rest(house, "agent-heddle"), memory_mib(house, "agent-heddle", "VmHWM")
        server = memory_mib(house, "server")
    finally:
        house.close()
    return [Figure(f"first sync of {4 * count} objects", first, "s", kubectl, "kubectl apply --server-side", goal_ratio=8),
            Figure("  one image changed, fetch included", one, "s", goal=1),
            Figure(f"  {count} images changed, fetch included", many, "s", goal=5),
            Figure("  the agent's memory", agent, "MiB", goal=32),
            Figure("  the agent's peak", peak, "MiB"),
            Figure("  the server's memory", server, "MiB")]
