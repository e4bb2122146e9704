"""The real parts around heddle: a control plane, a registry, git over HTTP and SSH."""
import getpass
import hashlib
import io
import json
import os
import ssl
import tarfile
import time
import urllib.error
import urllib.request

from .processes import TestFailed, check, free_port, run, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RIG = os.path.join(ROOT, "build", "rig")
CONTROL_PLANE_S = 120


def rig(program):
    path = os.path.join(RIG, program)
    check(os.path.exists(path), f"{path} is missing; run tools/setup test")
    return path


class ControlPlane:
    """Kubernetes clusters that share one etcd; three fake nodes each."""

    def __init__(self, house, names):
        self.house = house
        self.ports = {name: free_port(2) for name in names}  # and its kubelet's
        clusters = ",".join(f"{name}:{port}" for name, port in self.ports.items())
        house.start("controlplane", [
            rig("controlplane"), "up", "-dir", house.path("cp"), "-clusters", clusters,
            "-etcd-port", str(free_port(2)), "-kwok", rig("kwok"),
            "-stages", os.path.join(ROOT, "tests/real/cluster/stages.yaml")])
        wait_until("the control plane is ready", self._is_ready, CONTROL_PLANE_S)
        for name in names:
            for index in range(3):
                self.add_node(name, f"node-{index}")

    def _is_ready(self):
        self.house.check_lives("controlplane")
        return "ALL READY" in self.house.log("controlplane")

    def kubeconfig(self, name):
        return self.house.path("cp", name, "kubeconfig")

    def ask(self, name, method, path, body=None, content_type="application/json"):
        folder = self.house.path("cp", name)
        context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
        context.load_cert_chain(os.path.join(folder, "admin.crt"), os.path.join(folder, "admin.key"))
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.ports[name]}{path}", method=method,
            data=encoded(body), headers={"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, context=context, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as why:
            if why.code == 404:
                return None
            raise TestFailed(f"{method} {path}: {why.code} {why.read()[:300]}") from why

    def apply(self, cluster, path, manifest):
        """Server-side apply of one YAML document."""
        return self.ask(cluster, "PATCH", path + "?fieldManager=test&force=true", manifest,
                        "application/apply-patch+yaml")

    def add_node(self, cluster, name):
        self.ask(cluster, "POST", "/api/v1/nodes", {
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"},
                         "labels": {"kubernetes.io/hostname": name}}})

    def deployment(self, cluster, name):
        return self.ask(cluster, "GET", f"/apis/apps/v1/namespaces/shop/deployments/{name}")

    def scale(self, cluster, name, replicas):
        """A change by hand, as kubectl scale makes it."""
        return self.ask(cluster, "PATCH", f"/apis/apps/v1/namespaces/shop/deployments/{name}/scale",
                        {"spec": {"replicas": replicas}}, "application/merge-patch+json")

    def running_digests(self, cluster, workload):
        """Digests that ready pods of a workload run."""
        pods = self.ask(cluster, "GET", f"/api/v1/namespaces/shop/pods?labelSelector=app%3D{workload}")
        found = set()
        for pod in pods["items"]:
            for status in pod.get("status", {}).get("containerStatuses", []):
                if status.get("ready") and not pod["metadata"].get("deletionTimestamp"):
                    found.add(status["imageID"].rsplit("@", 1)[-1])
        return found


def encoded(body):
    """A request's body: text as it is, anything else as JSON."""
    if body is None:
        return None
    return (body if isinstance(body, str) else json.dumps(body)).encode()


class Registry:
    """docker-registry with notifications."""

    def __init__(self, house, hook_url="", hook_secret=""):
        self.house = house
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        hook = "" if not hook_url else f"""
notifications:
  endpoints:
    - name: heddle
      url: {hook_url}
      headers: {{Authorization: ["Bearer {hook_secret}"]}}
      timeout: 2s
      threshold: 3
      backoff: 1s
"""
        self.config = house.write("registry.yml", f"""version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {house.path("registry")}}}
  delete: {{enabled: true}}
http: {{addr: {self.host}}}
{hook}""")
        self.start()

    def start(self):
        self.house.start("registry", ["docker-registry", "serve", self.config])
        wait_until("the registry answers",
                   lambda: urllib.request.urlopen(f"http://{self.host}/v2/", timeout=2).status == 200)

    def push(self, name, tag):
        """A real OCI image of one small layer; its digest."""
        layer = self.house.path(f"layer-{hashlib.sha256(f'{name}:{tag}'.encode()).hexdigest()[:12]}.tar")
        content = f"{name}:{tag}".encode()
        with tarfile.open(layer, "w") as archive:
            entry = tarfile.TarInfo("version")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        image = f"{self.host}/{name}:{tag}"
        run([rig("crane"), "append", "--insecure", "-f", layer, "-t", image])
        return run([rig("crane"), "digest", "--insecure", image]).strip()


class GitHost:
    """One bare repository, served over HTTP with a password and over SSH with a key."""

    USER, PASSWORD = "heddle", "only-for-this-test"

    def __init__(self, house):
        self.house = house
        self.bare = self.add_repository("config")
        self.password_file = house.write("git-password", self.PASSWORD + "\n")
        self._serve_http()
        self._serve_ssh()

    def add_repository(self, name):
        bare = self.house.path("git", f"{name}.git")
        run(["git", "init", "-q", "--bare", "--initial-branch=main", bare])
        run(["git", "-C", bare, "config", "http.receivepack", "true"])
        run(["git", "-C", bare, "config", "uploadpack.allowFilter", "true"])
        return bare

    def url_of(self, name):
        return f"http://127.0.0.1:{self.http_port}/git/{name}.git"

    def _serve_http(self):
        self.http_port = free_port()
        users = self.house.write("git-users", f"{self.USER}:{self.PASSWORD}\n", 0o644)
        backend = os.path.join(run(["git", "--exec-path"]).strip(), "git-http-backend")
        config = self.house.write("lighttpd.conf", f"""
server.modules = ("mod_alias", "mod_auth", "mod_authn_file", "mod_cgi", "mod_setenv")
server.document-root = "{self.house.folder}"
server.bind = "127.0.0.1"
server.port = {self.http_port}
auth.backend = "plain"
auth.backend.plain.userfile = "{users}"
auth.require = ("/git/" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
alias.url = ("/git/" => "{backend}/")
cgi.assign = ("" => "")
setenv.add-environment = ("GIT_PROJECT_ROOT" => "{self.house.path("git")}", "GIT_HTTP_EXPORT_ALL" => "1")
""", 0o644)
        self.http_argv = ["lighttpd", "-D", "-f", config]
        self.house.start("git-http", self.http_argv)
        self.http_url = self.url_of("config")

    def kill_http(self):
        """The server and every push in it die; another one takes its place."""
        self.house.kill("git-http")
        self.house.start("git-http", self.http_argv)

    def _serve_ssh(self):
        self.ssh_port = free_port()
        for name in ("host_key", "agent_key"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.house.path(name)])
        with open(self.house.path("agent_key.pub"), encoding="utf-8") as key:
            authorized = self.house.write("authorized_keys", key.read())
        with open(self.house.path("host_key.pub"), encoding="utf-8") as key:
            self.known_hosts = self.house.write(
                "known_hosts", f"[127.0.0.1]:{self.ssh_port} {' '.join(key.read().split()[:2])}\n")
        config = self.house.write("sshd_config", f"""
Port {self.ssh_port}
ListenAddress 127.0.0.1
HostKey {self.house.path("host_key")}
AuthorizedKeysFile {authorized}
PidFile {self.house.path("sshd.pid")}
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
""")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.house.start("git-ssh", ["/usr/sbin/sshd", "-D", "-e", "-f", config])
        self.ssh_key = self.house.path("agent_key")
        self.ssh_url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.ssh_port}{self.bare}"

    def commit(self, files, message, branch="main", name="config"):
        """A person's commit, straight into the bare repository; None removes a file.  A branch that is not there begins
        with these files alone."""
        work = self.house.path(f"work-{name}")
        bare = self.house.path("git", f"{name}.git")
        if not os.path.isdir(work):
            run(["git", "init", "-q", "--initial-branch=main", work])
            run(["git", "-C", work, "remote", "add", "origin", bare])
        if run(["git", "ls-remote", bare, f"refs/heads/{branch}"]).strip():
            run(["git", "-C", work, "fetch", "-q", "origin", branch])
            run(["git", "-C", work, "checkout", "-q", "-f", "-B", branch, "FETCH_HEAD"])
        elif run(["git", "ls-remote", bare]).strip():
            run(["git", "-C", work, "checkout", "-q", "--orphan", branch])
            run(["git", "-C", work, "rm", "-q", "-r", "-f", "."])
        for path, text in files.items():
            full = os.path.join(work, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if text is None:
                os.unlink(full)
            else:
                with open(full, "wb") as out:
                    out.write(text if isinstance(text, bytes) else text.encode())
        run(["git", "-C", work, "add", "-A"])
        run(["git", "-C", work, "-c", "user.name=ada", "-c", "user.email=ada@shop.example", "commit",
             "-q", "-m", message])
        run(["git", "-C", work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}"])
        return run(["git", "-C", work, "rev-parse", "HEAD"]).strip()

    def git(self, *words, name="config"):
        return run(["git", "-C", self.house.path("git", f"{name}.git"), *words]).strip()

    def clear_stale_locks(self, seconds=2.0):
        """What a host's administrator does after a crash: locks that a killed git left are removed; how many.
        A git that lives holds one for milliseconds."""
        cleared = 0
        for folder, _, names in os.walk(self.bare):
            for lock in (os.path.join(folder, name) for name in names if name.endswith(".lock")):
                try:
                    if time.time() - os.stat(lock).st_mtime > seconds:
                        os.unlink(lock)
                        cleared += 1
                except FileNotFoundError:
                    pass
        return cleared

    def head(self):
        return run(["git", "-C", self.bare, "rev-parse", "main"]).strip()

    def show(self, path):
        return run(["git", "-C", self.bare, "show", f"main:{path}"])

    def log(self):
        """Subjects and trailers of the branch, newest first."""
        return run(["git", "-C", self.bare, "log", "--format=%H %an%n%B", "main"])

    def release_commits(self):
        """(commit, release, wave) of every commit of the branch that names a release, in order of history."""
        text = run(["git", "-C", self.bare, "log", "--reverse", "main", "--format=%H "
                    "%(trailers:key=Heddle-Release,valueonly,separator=%x20) "
                    "%(trailers:key=Heddle-Wave,valueonly,separator=%x20)"])
        rows = [tuple(line.split()) for line in text.splitlines()]
        return [row for row in rows if len(row) > 1]

    def releases(self):
        """The same without the commits: (release, wave)."""
        return [row[1:] for row in self.release_commits()]

    def changed_lines(self, base):
        """{commit: ["ADDED REMOVED FILE"]} of each commit after a base, in order of history."""
        text = run(["git", "-C", self.bare, "log", "--reverse", "--numstat", "--format=%x00%H", f"{base}..main"])
        blocks = [block.split("\n") for block in text.split("\0")[1:]]
        return {lines[0]: [" ".join(line.split("\t")) for line in lines[1:] if line] for lines in blocks}
