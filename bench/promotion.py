"""1,000 workloads promoted in a repository of 100,000 files, against a script that clones (or has a warm clone), edits,
commits and pushes; and one of them."""
import os
import statistics
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


SINGLES = 5  # promotions of one workload
IMAGES = 50  # that the workloads share: pushing more would only take time


def image_of(registry, name):
    return f"{registry.host}/bench/app-{int(name.rsplit('-', 1)[1]) % IMAGES}"


def files_of(names, registry, count):
    """Each workload has a kustomization of its own; the rest of the files are other people's."""
    found = {"heddle.yaml": PIPELINE,
             "clusters/dev/kustomization.yaml": "resources:\n" + "".join(f"  - {name}\n" for name in names)}
    for name in names:
        image = image_of(registry, name)
        found[f"clusters/dev/{name}/deployment.yaml"] = DEPLOYMENT.format(name=name, image=image)
        found[f"clusters/dev/{name}/kustomization.yaml"] = (
            f"resources:\n  - deployment.yaml\nimages:\n  - name: {image}\n    newTag: 1.0.0\n")
    for number in range(count - len(found)):
        found[f"others/team-{number % 97}/service-{number}.yaml"] = DEPLOYMENT.format(
            name=f"service-{number}", image=f"registry.example.org/service-{number}:1.0.0")
    return found


def edit_and_push(folder, names, registry, tag):
    for name in names:
        subprocess.run([rig("kustomize"), "edit", "set", "image", f"{image_of(registry, name)}:{tag}"], check=True,
                       cwd=os.path.join(folder, "clusters/dev", name))
    run(["git", "-C", folder, "-c", "user.name=ci", "-c", "user.email=ci@shop.example", "commit", "-q", "-a", "-m",
         "Release"], seconds=600)
    run(["git", "-C", folder, "push", "-q", "--force", "origin", "HEAD:script"], seconds=600)


def by_script(house, git, names, registry):
    """What a pipeline of today does for one release: from nothing, and with the clone of the last one."""
    folder = house.path("clone")
    url = git.http_url.replace("http://", f"http://{git.USER}:{git.PASSWORD}@")
    began = time.monotonic()
    run(["git", "clone", "-q", "--depth", "1", url, folder], seconds=600)
    edit_and_push(folder, names, registry, "2.0.0")
    cold = time.monotonic() - began
    began = time.monotonic()
    run(["git", "-C", folder, "fetch", "-q", "--depth", "1", "origin", "main"], seconds=600)
    run(["git", "-C", folder, "reset", "-q", "--hard", "FETCH_HEAD"], seconds=600)
    edit_and_push(folder, names, registry, "2.0.0")
    return cold, time.monotonic() - began


def push_alone(house, git):
    """What the network's part takes whoever pushes: one small commit that is ready."""
    folder = house.path("clone")
    run(["git", "-C", folder, "fetch", "-q", "--depth", "1", "origin", "main"], seconds=600)
    tree = run(["git", "-C", folder, "rev-parse", "FETCH_HEAD^{tree}"]).strip()
    commit = run(["git", "-C", folder, "-c", "user.name=ci", "-c", "user.email=ci@shop.example", "commit-tree", tree,
                  "-p", "FETCH_HEAD", "-m", "Nothing"]).strip()
    found = []
    for number in range(SINGLES):
        began = time.monotonic()
        run(["git", "-C", folder, "push", "-q", "origin", f"{commit}:refs/heads/alone-{number}"])
        found.append(time.monotonic() - began)
    return statistics.median(found)


def by_heddle(heddle, git, names, **wish):
    """From the request to the commit on the host's branch: the plan with its diff, the release, the push."""
    before = git.head()
    wish = {"to": "dev", "from": "registry", "workloads": names, **wish}
    began = time.monotonic()
    plan = heddle.ask("/api/v1/plans", wish)
    planned = time.monotonic() - began
    heddle.ask("/api/v1/releases", {**wish, "planDigest": plan["digest"], "reason": "bench"})
    end = began + 120
    while git.head() == before:  # closely: a tenth of a second is what one promotion may take
        check(time.monotonic() < end, "the commit is pushed")
        time.sleep(0.005)
    took = time.monotonic() - began
    check(len(plan["items"]) == len(names), f"all are in the plan: {plan['summary']}")
    return took, planned


def memory_mib(house, name, field="VmRSS"):
    with open(f"/proc/{house.processes[name].pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def knows_all(heddle, names):
    return all(any(version["tag"] == "2.0.0" for version in heddle.ask(f"/api/v1/versions?workload={name}")["items"])
               for name in names[:IMAGES])


def measure(program, quick):
    count, files = (100, 10000) if quick else (1000, 100000)
    names = [f"app-{number}" for number in range(count + SINGLES)]
    names, singles = names[:count], names[count:]
    house = House()
    try:
        git, registry = GitHost(house), Registry(house)
        for number in range(IMAGES):
            push_versions(registry, f"bench/app-{number}", ["1.0.0", "2.0.0"])
        git.commit(files_of([*names, *singles], registry, files), "Begin")
        heddle = Heddle(house, program, git, server_flags=["--poll-git", "60s", "--poll-registry", "60s"])
        heddle.start_server()
        wait_until("the versions are known", lambda: knows_all(heddle, names), 120)
        cold, warm = by_script(house, git, names, registry)
        alone = push_alone(house, git)
        ones = []
        for single in singles:
            wait_until("what was pushed is seen", lambda: heddle.ask("/api/v1/board")["commit"] == git.head(), 60)
            ones.append(by_heddle(heddle, git, [single])[0])
        one = statistics.median(ones)
        took, planned = by_heddle(heddle, git, names)
        memory = memory_mib(house, "server", "VmHWM")
    finally:
        house.close()
    script = "kustomize edit, commit, push"
    return [Figure(f"promotion of {count} workloads, {files} files", took, "s", cold, f"clone, {script}", goal_ratio=25),
            Figure("  against a clone that is there", took, "s", warm, f"fetch, {script}", goal_ratio=10),
            Figure("  of it the plan with its diff", planned, "s"),
            Figure(f"  one of them, median of {SINGLES}", one, "s", alone, "git push of a commit that is ready", goal=0.1),
            Figure("    of it without that push", one - alone, "s"),
            Figure("  the server's peak memory", memory, "MiB")]
