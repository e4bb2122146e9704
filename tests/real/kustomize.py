"""heddle's own rendering against kustomize: equal objects for all of the corpus, and for kustomizations made up from
a seed.  What heddle leaves to the program is counted and bounded, so that a share of it cannot grow unseen."""
import json
import os
import subprocess
import tempfile

from harness import kustomizations
from harness.parts import rig
from harness.processes import check

SEED = 20261201
COUNT = 2000
LEFT_TO_THE_PROGRAM = " needs the kustomize program"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def lines(command, folders, path="/nonexistent"):
    """Lines of JSON for lines of text; without a `path` heddle finds no kustomize program."""
    text = "".join(line + "\n" for line in folders)
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=1500, env=environment, check=False)
    check(done.returncode == 0, f"{command[0]} failed: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def key(thing):
    return json.dumps(thing, sort_keys=True)


def difference(ours, theirs):
    """What is not as kustomize has it, or None; errors need not have the same words."""
    if "error" in theirs:
        return None if "problem" in ours else f"kustomize refuses it: {theirs['error'][:600]}"
    if "problem" in ours:
        return f"heddle refuses it: {ours['problem']}"
    have, want = (sorted(map(key, made["objects"])) for made in (ours, theirs))
    for mine in [m for m in have if m not in want]:
        return f"heddle has\n    {mine}\nkustomize has\n    " + "\n    ".join(w for w in want if w not in have)
    return None if have == want else "kustomize has more objects"


def compare(program, cases):
    """Each case is a root and a folder below it.  Differences, and how many were left to the program."""
    tool = os.path.join(os.path.dirname(program), "tests/real/render/render_folders")
    ours = lines([tool], [f"{root}\t{folder}" for root, folder in cases])
    theirs = lines([rig("kustomizations")], [os.path.join(root, folder) for root, folder in cases])
    found = []
    left = refused = 0
    for mine, other in zip(ours, theirs, strict=True):
        refused += "error" in other
        if LEFT_TO_THE_PROGRAM in mine.get("problem", ""):
            left += "error" not in other
            continue
        told = difference(mine, other)
        if told:
            found.append(f"{other['folder']}: {told}")
    return found, left, refused


def corpus():
    for base, _, names in sorted(os.walk(os.path.join(ROOT, "tests/golden"))):
        if "kustomization.yaml" in names or "kustomization.yml" in names:
            case = os.path.relpath(base, ROOT).split(os.sep)
            root = os.path.join(ROOT, *case[:4 if case[2] == "kustomize" else 5])
            yield root, os.path.relpath(base, root)


def made_up_kustomizations_give_kustomizes_objects(program):
    seed = int(os.environ.get("HEDDLE_SEED", SEED))
    count = int(os.environ.get("HEDDLE_KUSTOMIZATIONS", COUNT))
    with tempfile.TemporaryDirectory() as folder:
        roots = [os.path.join(folder, str(n)) for n in range(count)]
        for n, root in enumerate(roots):
            kustomizations.make(seed * 100000 + n, root)
        found, left, refused = compare(program, [(root, "target") for root in roots])
    print(f"       {count} made up from seed {seed}: {left} left to the program, {refused} refused by kustomize")
    check(not found, f"{len(found)} differ; the first: {found[0] if found else ''}")
    check(left <= count // 10, f"{left} of {count} are left to the program")
    check(refused <= count // 2, f"kustomize refuses {refused} of {count}: the test tests little")


def the_corpus_gives_kustomizes_objects(program):
    cases = list(corpus())
    check(len(cases) > 30, "the corpus is not there")
    found, left, _ = compare(program, cases)
    print(f"       {len(cases)} of the corpus: {left} left to the program")
    check(not found, f"{len(found)} differ; the first: {found[0] if found else ''}")


def the_merge_keys_are_kustomizes(program):
    del program
    made = subprocess.run([rig("kustomizations"), "merge-keys"], capture_output=True, text=True, timeout=60, check=True)
    with open(os.path.join(ROOT, "src/render/merge_keys.c"), encoding="utf-8") as ours:
        check(ours.read() == made.stdout, "src/render/merge_keys.c is not what kustomizations merge-keys writes")


CHART = {
    "dev/kustomization.yaml": """namespace: shop
helmCharts:
- {name: web, releaseName: web, valuesInline: {replicas: 3}, valuesFile: values.yaml}
patches:
- target: {kind: Deployment}
  patch: '[{"op": "add", "path": "/spec/paused", "value": true}]'
""",
    "dev/values.yaml": "image: shop/web:2.0.0\n",
    "dev/charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {name: part, version: 1.0.0}\n",
    "dev/charts/web/values.yaml": "replicas: 1\nimage: shop/web:1.0.0\n",
    "dev/charts/web/templates/web.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {replicas: {{ .Values.replicas }}, template: {spec: {containers: [{name: c, image: {{ .Values.image }}}]}}}
""",
    "dev/charts/web/charts/part/Chart.yaml": "apiVersion: v2\nname: part\nversion: 1.0.0\n",
    "dev/charts/web/charts/part/templates/part.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: part, namespace: {{ .Release.Namespace }}}
data: {host: {{ getHostByName "localhost" | quote }}}
""",
}


def charts_are_rendered_by_the_real_helm(program):
    tool = os.path.join(os.path.dirname(program), "tests/real/render/render_folders")
    with tempfile.TemporaryDirectory() as root:
        for path, text in CHART.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as out:
                out.write(text)
        path = f"{os.path.dirname(rig('helm'))}:/usr/bin:/bin"
        made = lines([tool], [f"{root}\tdev"], path)[0]
        check("problem" not in made, f"helm: {made.get('problem')}")
        deployment, part = sorted(made["objects"], key=lambda thing: thing["kind"], reverse=True)
        check(deployment["spec"]["replicas"] == 3 and deployment["spec"]["paused"] is True
              and deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/web:2.0.0", f"{deployment}")
        check(part["data"]["host"] == "", "a template has asked the network for a name")
        os.remove(os.path.join(root, "dev/charts/web/charts/part/Chart.yaml"))
        made = lines([tool], [f"{root}\tdev"], path)[0]
        check("part" in made.get("problem", ""), f"a missing dependency is not named: {made}")


TESTS = [the_merge_keys_are_kustomizes, charts_are_rendered_by_the_real_helm, the_corpus_gives_kustomizes_objects,
         made_up_kustomizations_give_kustomizes_objects]
