"""What `heddle set image` changes in the repositories of tests/golden/repos, as kustomize and Helm see it.

Each line of a repository's edits.txt is done in a copy of it, and what renders.txt names is rendered before and
after: "TARGET kustomize FOLDER" or "TARGET helm CHART [VALUES...]".  Exactly the images that were asked for may
differ, and when all was done (exit code 0) they all have the version that was asked for.
"""
import glob
import os
import shlex
import shutil
import subprocess
import tempfile

import yaml

from harness.processes import check

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPOS = os.path.join(ROOT, "tests/golden/repos")
RIG = os.path.join(ROOT, "build/rig")
DIGEST = "sha256:" + "2" * 64
TAGS = ("tag", "imageTag")


class Wish:
    """The words of one line: NAME=TAG[@DIGEST] [--target T] [--workload KIND/NAME]."""

    def __init__(self, line):
        self.words = shlex.split(line.replace("DIGEST", DIGEST))
        self.image, _, version = self.words[0].partition("=")
        self.tag, _, self.digest = version.partition("@")
        options = dict(zip(self.words[1::2], self.words[2::2]))
        self.target = options.get("--target")
        self.workload = options.get("--workload")

    def is_met_by(self, version):
        # An image is what its digest says: kustomize may leave the tag out beside it.
        tag, _, digest = version.partition("@")
        return digest == self.digest and (tag == self.tag or (digest and not tag))

    def is_of(self, document):
        name = f"{document.get('kind')}/{document.get('metadata', {}).get('name')}"
        return self.workload in (None, name)


def split(reference):
    """"host:5000/app:1.0@sha256:…" as its name and "1.0@sha256:…"."""
    rest, _, digest = reference.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    return head, tag + ("@" + digest if digest else "")


def take_parts(node, name):
    """The version that a mapping of Helm values gives to an image, taken out of the mapping."""
    tag = next((node.pop(key) for key in TAGS if key in node), "")
    digest = node.pop("digest", "")
    registry = node.get("registry")
    return (f"{registry}/{name}" if registry else name), tag + ("@" + digest if digest else "")


def take_versions(node, path, found):
    """Move every version below the node into `found`; what is left is all the rest."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            take_versions(item, path + (number,), found)
    if not isinstance(node, dict):
        return
    name = node.get("repository") or node.get("repo") or node.get("image")
    if isinstance(name, str) and any(key in node for key in TAGS + ("digest",)):
        found[path] = take_parts(node, name)
    for key, value in node.items():
        is_image = key.lower().endswith("image") or key == "reference"
        if is_image and isinstance(value, str) and path not in found:
            node[key], version = split(value)
            found[path + (key,)] = (node[key], version)
        take_versions(value, path + (key,), found)


class Rendered:
    """Objects without their versions, and the versions by (number of the object, path)."""

    def __init__(self, text):
        # The base loader knows only texts: 1.10 and "1.10" may not be the same to those who come after.
        self.objects = [o for o in yaml.load_all(text, Loader=yaml.BaseLoader) if o]
        self.versions = {}
        for number, document in enumerate(self.objects):
            found = {}
            take_versions(document, (), found)
            self.versions.update({(number, path): version for path, version in found.items()})


def render(repo, words):
    tool, *rest = words
    if tool == "kustomize":
        command = [os.path.join(RIG, "kustomize"), "build", rest[0]]
    else:
        values = [word for file in rest[1:] for word in ("-f", file)]
        command = [os.path.join(RIG, "helm"), "template", "release", rest[0], *values]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0, f"{' '.join(command)}: {done.stderr[-400:]}")
    return Rendered(done.stdout)


def compare(before, after, wish, is_asked, code):
    check(before.objects == after.objects, "more than versions has changed")
    check(before.versions.keys() == after.versions.keys(), "versions came or went")
    for (number, path), (name, version) in after.versions.items():
        is_changed = before.versions[(number, path)] != (name, version)
        is_meant = is_asked and name == wish.image and wish.is_of(after.objects[number])
        where = f"{path} of object {number}: {name} {version}"
        check(not is_changed or (is_meant and wish.is_met_by(version)), f"changed, and not as asked: {where}")
        check(code != 0 or not is_meant or wish.is_met_by(version), f"not changed: {where}")


def try_edit(program, repo, wish, renders, before):
    """Returns how many renderings differed."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = os.path.join(scratch, "repo")
        shutil.copytree(repo, copy)
        command = [program, "set", "image", ".", *wish.words, "--write"]
        code = subprocess.run(command, cwd=copy, capture_output=True, timeout=60, check=False).returncode
        changed = 0
        for target, words in renders:
            after = render(copy, words)
            changed += after.versions != before[(target, *words)].versions
            compare(before[(target, *words)], after, wish, wish.target in (None, target), code)
        check(code in (0, 1, 2, 4, 5), f"exit code {code}")
        return changed


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def run_shape(shape, program):
    repo = os.path.join(REPOS, shape, "repo")
    renders = [(words[0], words[1:]) for words in map(str.split, lines(os.path.join(REPOS, shape, "renders.txt")))]
    before = {(target, *words): render(repo, words) for target, words in renders}
    changed = 0
    edits = lines(os.path.join(REPOS, shape, "edits.txt"))
    for line in edits:
        try:
            changed += try_edit(program, repo, Wish(line), renders, before)
        except AssertionError:
            raise
        except Exception as why:
            raise type(why)(f"{line}: {why}") from why
    check(changed > 0, "no edit changed anything that is rendered")
    print(f"    {shape}: {len(edits)} edits, {changed} renderings changed", flush=True)


def test_of(shape):
    def test(program):
        run_shape(shape, program)

    test.__name__ = "exactly_the_images_asked_for_differ_in_" + shape.replace("-", "_")
    return test


TESTS = [test_of(os.path.basename(os.path.dirname(path)))
         for path in sorted(glob.glob(os.path.join(REPOS, "*/renders.txt")))]
