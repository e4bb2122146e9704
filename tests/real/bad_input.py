"""Bad input: each with a clear error that names what is wrong, and nothing lost."""
import contextlib
import os
import re
import subprocess
import time

from harness import proxy, shop
from harness.heddle import Heddle
from harness.parts import ControlPlane, GitHost, Registry, rig
from harness.processes import House, check, run, wait_until

WORKLOADS = ["cart", "orders", "web"]
SMALL_DISK = "size=6m"


class Small:
    """One cluster, three workloads, and something to break in front of the registry and the cluster."""

    def __init__(self, program):
        self.house = House()
        self.git = GitHost(self.house)
        self.registry = Registry(self.house)
        self.faults = proxy.RegistryProxy(self.registry.port)
        self.registry.host = self.faults.host
        self.plane = ControlPlane(self.house, ["dev"])
        self.api = proxy.TcpProxy(self.plane.ports["dev"])
        files = shop.files(self.registry, WORKLOADS, overlays=False)
        self.git.commit({path: text for path, text in files.items() if "/staging/" not in path}
                        | {"heddle.yaml": shop.PIPELINE_OF_DEV}, "Begin")
        self.heddle = Heddle(self.house, program, self.git)
        self.heddle.start_server()
        with open(self.plane.kubeconfig("dev"), encoding="utf-8") as text:
            config = text.read().replace(f":{self.plane.ports['dev']}", f":{self.api.port}")
        self.heddle.add_agent("dev", self.house.write("dev.kubeconfig", config))
        wait_until("everything runs 1.0.0", self.is_at_rest, 90)

    def is_at_rest(self):
        return self.heddle.all_healthy() == len(WORKLOADS)

    def problems(self):
        return self.heddle.cli("get", "clusters", "-o", "json")

    def doctor(self):
        return self.heddle.cli_result("doctor")[1]

    def push_and_wait(self, name, version, seconds=60):
        self.registry.push(f"shop/{name}", version)
        wait_until(f"dev runs {name} {version}", lambda: self.heddle.runs("dev", name, version), seconds)

    def close(self):
        self.faults.close()
        self.api.close()
        self.house.close()


def wait_words(what, ask, *words, seconds=30):
    """Ask until the answer holds all of the words."""
    last = {}

    def holds():
        last["text"] = " ".join(ask().split())
        return all(word in last["text"] for word in words)
    try:
        return wait_until(what, holds, seconds)
    except Exception:
        print(f"  last answer: {last.get('text', '')[-1500:]}", flush=True)
        raise


# ---- the repository ----

def a_file_that_is_no_yaml(small):
    text = small.git.show("clusters/dev/cart.yaml").replace("replicas: 2", "replicas: 3")
    small.git.commit({"clusters/dev/broken.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n",
                      "clusters/dev/cart.yaml": text}, "Break a file, scale the cart")
    wait_words("file and line are named", small.problems, "clusters/dev/broken.yaml", '"line": 4')
    wait_until("the other files are applied",
               lambda: small.plane.deployment("dev", "cart")["spec"]["replicas"] == 3, 20)
    small.push_and_wait("orders", "1.1.0")
    small.git.commit({"clusters/dev/broken.yaml": None}, "Mend it")
    wait_until("the problem is gone", lambda: "broken.yaml" not in small.problems(), 30)
    wait_until("all is well", small.is_at_rest, 30)


def an_unknown_field_in_the_pipeline(small):
    good = small.git.show("heddle.yaml")
    small.git.commit({"heddle.yaml": good.replace("automatic: true", "automattic: true")}, "A slip")
    wait_words("place and remedy are said", small.doctor, "heddle.yaml:", 'unknown field "automattic"',
               'did you mean "automatic"')
    where = small.doctor()
    line = next(i for i, text in enumerate(good.splitlines(), 1) if "automatic" in text)
    check(f"heddle.yaml:{line}:" in where, f"line {line} is named: {where}")
    small.push_and_wait("orders", "1.2.0")  # the last good pipeline is in force
    small.git.commit({"heddle.yaml": good}, "Mend it")
    wait_until("doctor is content", lambda: small.heddle.cli_result("doctor")[0] == 0, 30)


def a_pipeline_with_a_cycle(small):
    good = small.git.show("heddle.yaml")
    circle = good.replace("    - name: dev\n", "    - name: dev\n      from: [later]\n") + (
        "    - name: later\n      from: [dev]\n      targets: [{cluster: later, path: clusters/later}]\n")
    small.git.commit({"heddle.yaml": circle}, "In a circle")
    wait_words("the circle is spelled out", small.doctor, "heddle.yaml:", "dev", "later")
    check("cycle" in small.doctor() or "circle" in small.doctor(), f"by its name: {small.doctor()}")
    check(small.is_at_rest(), "the last good pipeline stays in force")
    small.git.commit({"heddle.yaml": good}, "Mend it")
    wait_until("doctor is content", lambda: small.heddle.cli_result("doctor")[0] == 0, 30)


def huge_and_binary_files_and_a_link_out(small):
    huge = "# " + "x" * 62 + "\n"
    small.git.commit({"clusters/dev/huge.yaml": huge * 300000, "clusters/dev/binary.yaml": bytes(range(256)) * 64,
                      "clusters/dev/picture.png": bytes(range(256)) * 64}, "Strange files")
    wait_words("both are named", small.problems, "clusters/dev/huge.yaml", "clusters/dev/binary.yaml")
    check("picture.png" not in small.problems(), "what is no manifest is passed over")
    os.symlink("/etc/passwd", small.house.path("work-config", "clusters/dev/link.yaml"))
    small.git.commit({"clusters/dev/huge.yaml": None, "clusters/dev/binary.yaml": None}, "A link instead")
    wait_words("the link is named", small.problems, "clusters/dev/link.yaml", "link")
    small.push_and_wait("web", "1.1.0")
    small.git.commit({"clusters/dev/link.yaml": None}, "Remove it")
    wait_words("no problem is left", small.problems, '"problems": []')


def rewritten_history(small):
    """Automation waits until a person has looked."""
    wait_until("the server has seen the branch as it is",
               lambda: small.heddle.ask("/api/v1/board")["commit"] == small.git.head(), 20)
    work = small.house.path("work-config")
    run(["git", "-C", work, "fetch", "-q", "origin", "main"])
    run(["git", "-C", work, "reset", "-q", "--hard", "origin/main"])
    run(["git", "-C", work, "-c", "user.name=ada", "-c", "user.email=ada@shop.example", "commit", "-q", "--amend",
         "-m", "Another past"])
    run(["git", "-C", work, "push", "-q", "--force", "origin", "HEAD:main"])
    wait_words("it is said", small.doctor, "rewritten", "heddle sync")
    small.registry.push("shop/web", "1.2.0")
    wait_words("automation waits, and says why",
               lambda: small.heddle.cli("why", "web", "-s", "dev"), "1.2.0", "rewritten")
    small.heddle.cli("sync")
    wait_until("dev takes it then", lambda: small.heddle.runs("dev", "web", "1.2.0"), 60)


# ---- the push ----

@contextlib.contextmanager
def hook(small, name, script):
    path = os.path.join(small.git.bare, "hooks", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    try:
        yield
    finally:
        os.unlink(path)


def somebody_pushes_first(small):
    """While our push is under way, a person's arrives: we plan anew on top of it, and overwrite nothing."""
    marker = small.house.path("first.marker")
    with hook(small, "pre-receive", f"""test -e {marker} && exit 0
read old new ref
git log -1 --format=%an $new | grep -q ada && exit 0
touch {marker}
while ! test -e {marker}.go; do sleep 0.1; done
"""):
        small.registry.push("shop/cart", "1.3.0")
        wait_until("our push is under way", lambda: os.path.exists(marker), 40)
        theirs = small.git.commit({"README.md": "A shop.\n"}, "Say what it is")
        open(marker + ".go", "w", encoding="utf-8").close()
        wait_until("dev runs cart 1.3.0", lambda: small.heddle.runs("dev", "cart", "1.3.0"), 60)
    log = run(["git", "-C", small.git.bare, "log", "--format=%H", "main"])
    check(theirs in log, "the person's commit is still there")
    check(small.git.show("README.md") == "A shop.\n", "and so is what it brought")


def a_push_that_is_refused(small):
    """The host's own words are shown; a retry goes on when the reason is gone."""
    with hook(small, "pre-receive", "echo 'only on weekdays' >&2\nexit 1\n"):
        small.registry.push("shop/cart", "1.4.0")
        wait_words("the host's words are shown",
                   lambda: small.heddle.cli("why", "cart", "-s", "dev"), "only on weekdays", seconds=60)
    release = small.heddle.releases(stage="dev", workload="cart")[0]
    if release["isOver"]:
        small.heddle.cli("retry", release["name"])
    wait_until("dev runs cart 1.4.0", lambda: small.heddle.runs("dev", "cart", "1.4.0"), 90)


# ---- the registry ----

def a_registry_that_fails(small):
    """Each failure is said in words, no version is lost, and it heals by itself."""
    faults = [("401", proxy.answer(401, WWW_Authenticate='Basic realm="x"')), ("404", proxy.answer(404)),
              ("429", proxy.answer(429, Retry_After="2")), ("500", proxy.answer(500)),
              ("breaks off", proxy.half_an_answer)]
    words = {"401": "answers 401; asked without a credential", "404": "404", "429": "429", "500": "500",
             "breaks off": "transfer closed"}
    for number, (name, fault) in enumerate(faults, start=5):
        small.faults.fault = fault
        wait_words(f"{name} is said", small.doctor, "BAD registry", "shop/cart", words[name], "Fix:")
        check("1.0.0" in small.heddle.cli("get", "versions", "cart"), f"{name}: known versions stay")
        small.faults.fault = None
        small.push_and_wait("cart", f"1.{number}.0", seconds=90)
    wait_until("doctor is content", lambda: small.heddle.cli_result("doctor")[0] == 0, 60)


def a_tag_that_vanished(small):
    """A person asks for a version whose image was deleted meanwhile."""
    digest = small.registry.push("shop/web", "1.9.9-gone")
    wait_until("it is listed", lambda: "1.9.9-gone" in small.heddle.cli("get", "versions", "web"), 20)
    run([rig("crane"), "delete", "--insecure", f"{small.registry.host}/shop/web@{digest}"])
    before, running = small.git.head(), small.heddle.cell("dev", "web")["running"]
    code, out, talk = small.heddle.cli_result("promote", "web", "--to", "dev", "--version", "1.9.9-gone", "-y")
    said = out + talk
    check(code != 0 and "1.9.9-gone" in said, f"it is refused with its name: {code} {said}")
    check("does not exist" in " ".join(said.split()) and small.git.head() == before, f"nothing was committed: {said}")
    check(small.heddle.runs("dev", "web", running), "what runs stays")


# ---- the cluster ----

def an_api_server_that_is_away(small):
    small.api.cut()
    small.registry.push("shop/orders", "1.5.0")
    wait_words("the agent says what it cannot reach", small.problems, "127.0.0.1")
    wait_words("and the release what it waits for",
               lambda: small.heddle.cli("why", "orders", "-s", "dev"), "dev", seconds=40)
    small.api.mend()
    wait_until("then it goes on", lambda: small.heddle.runs("dev", "orders", "1.5.0"), 90)
    wait_words("no problem is left", small.problems, '"problems": []', seconds=60)


def two_agents_with_one_name(small):
    token_file, kubeconfig = small.heddle.agents["dev"]
    small.house.start("agent-double", [
        small.heddle.program, "agent", "--server", small.heddle.url, "--cluster", "dev", "--token-file", token_file,
        "--repository", small.git.ssh_url, "--git-ssh-key-file", small.git.ssh_key,
        "--git-known-hosts-file", small.git.known_hosts, "--path", "clusters/dev", "--kubeconfig", kubeconfig,
        "--data", small.house.path("agent-double"), "--interval", "2s"], {"ASAN_OPTIONS": "detect_leaks=0"})
    wait_words("one of them is told", lambda: small.house.log("agent-double") + small.house.log("agent-dev"),
               "another agent reports for dev")
    check(small.is_at_rest(), "what was reported stays")
    small.house.kill("agent-double")
    small.push_and_wait("orders", "1.6.0")


def a_commit_that_nobody_signed(small):
    """The server signs, and the agent applies only what is signed: not what a person without a key pushes."""
    key, config = small.house.path("signing.key"), small.heddle
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
    with open(key + ".pub", encoding="utf-8") as text:
        signers = small.house.write("signers", "heddle@localhost " + text.read())
    config.server_flags += ["--git-signing-key-file", key]
    config.agent_flags += ["--git-allowed-signers-file", signers]
    for name, start in (("server", config.start_server), ("agent-dev", lambda: config.start_agent("dev"))):
        small.house.stop(name)
        start()
    small.push_and_wait("web", "1.6.0")
    text = small.git.show("clusters/dev/cart.yaml")
    commit = small.git.commit({"clusters/dev/cart.yaml": re.sub(r"replicas: \d", "replicas: 7", text)}, "Scale by hand")
    wait_words("the commit is named", small.problems, commit[:7], "it has no signature")
    check(small.plane.deployment("dev", "cart")["spec"]["replicas"] < 7, "it is not applied")
    small.plane.scale("dev", "cart", 5)
    wait_until("drift is still put back", lambda: small.plane.deployment("dev", "cart")["spec"]["replicas"] < 5, 20)
    config.agent_flags = []
    small.house.stop("agent-dev")
    config.start_agent("dev")
    wait_until("who asks for no signature takes it",
               lambda: small.plane.deployment("dev", "cart")["spec"]["replicas"] == 7, 30)


# ---- the disk ----

@contextlib.contextmanager
def full(folder):
    """A file system without any room left."""
    filler = os.path.join(folder, "filler")
    with open(filler, "wb", buffering=0) as out:
        with contextlib.suppress(OSError):
            while True:
                out.write(b"\0" * 65536)
        with contextlib.suppress(OSError):
            while True:
                out.write(b"\0")
    try:
        yield
    finally:
        os.unlink(filler)


def processor_seconds(small):
    with open(f"/proc/{small.house.processes['server'].pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def a_full_disk(small):
    """The server's data is on a disk of its own that fills up: it refuses in words, spins not, and goes on."""
    folder = small.house.path("server")
    small.house.stop("server")
    moved = folder + ".moved"
    os.rename(folder, moved)
    os.mkdir(folder)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL_DISK, "none", folder], capture_output=True, text=True,
                          check=False)
    check(done.returncode == 0, f"a small disk needs the right to mount: {done.stderr}")
    try:
        run(["cp", "-a", moved + "/.", folder])
        small.heddle.start_server()
        wait_until("all is well on the small disk", small.is_at_rest, 60)
        with full(folder):
            code, out, talk = small.heddle.cli_result("hold", "cart", "-s", "dev", "-m", "on a full disk")
            check(code != 0 and ("disk" in talk or "full" in talk), f"a change is refused in words: {code} {out} {talk}")
            used, began = processor_seconds(small), time.monotonic()
            small.registry.push("shop/web", "1.7.0")
            wait_until("the disk is said to be full", lambda: "full" in small.house.log("server"), 60)
            wait_until("some seconds have passed", lambda: time.monotonic() - began > 8, 20)
            share = (processor_seconds(small) - used) / (time.monotonic() - began)
            check(share < 0.5, f"it does not spin: {share:.0%} of a processor")
            check("cart" in small.heddle.cli("get", "board"), "reading goes on")
        wait_until("with room again it goes on", lambda: small.heddle.runs("dev", "web", "1.7.0"), 120)
        small.heddle.cli("hold", "cart", "-s", "dev", "-m", "there is room")
        small.heddle.cli("resume", "cart", "-s", "dev")
    finally:
        small.house.stop("server")
        subprocess.run(["umount", folder], check=False)


STEPS = [a_file_that_is_no_yaml, an_unknown_field_in_the_pipeline, a_pipeline_with_a_cycle,
         huge_and_binary_files_and_a_link_out, rewritten_history, somebody_pushes_first, a_push_that_is_refused,
         a_registry_that_fails, a_tag_that_vanished, an_api_server_that_is_away, two_agents_with_one_name,
         a_commit_that_nobody_signed, a_full_disk]


def bad_input_is_named_and_loses_nothing(program):
    small = Small(program)
    only = os.environ.get("HEDDLE_STEP")
    try:
        for step in STEPS:
            if only and step.__name__ not in only.split(","):
                continue
            began = time.monotonic()
            step(small)
            print(f"  - {step.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    finally:
        small.close()


TESTS = [bad_input_is_named_and_loses_nothing]
