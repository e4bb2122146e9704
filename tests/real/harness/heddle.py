"""heddle itself: its server, its agents and its command line, as a user runs them."""
import json
import os
import subprocess
import urllib.error
import urllib.request

from .processes import TestFailed, free_port, wait_until

HOOK_SECRET = "a-secret-between-registry-and-server"
# A process that is killed cannot free what it holds.
QUIET = {"ASAN_OPTIONS": "detect_leaks=0"}


class Heddle:
    def __init__(self, house, program, git, repository=None, server_flags=()):
        self.house, self.program, self.git = house, program, git
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.repository = repository or git.http_url
        self.server_flags = list(server_flags)
        self.server_environment = {}
        self.token_file = house.path("admin.token")
        self.secret_file = house.write("hook.secret", HOOK_SECRET + "\n")
        self.agents = {}
        self.over_ssh = True
        self.agent_flags = []
        self.places = {}  # cluster: its --repository, --branch and --path, where they are not the usual ones
        self.tokens = {}

    # ---- processes ----

    def start_server(self):
        self.house.start("server", [
            self.program, "server", "--repository", self.repository, "--branch", "main",
            "--data", self.house.path("server"), "--listen", f"127.0.0.1:{self.port}",
            "--git-username", self.git.USER, "--git-password-file", self.git.password_file,
            "--hook-secret-file", self.secret_file, "--admin-token-file", self.token_file,
            *(self.server_flags if "--poll-git" in self.server_flags
              else ["--poll-git", "2s", "--poll-registry", "2s", *self.server_flags])], {**QUIET, **self.server_environment})
        wait_until("the server is ready", self.is_ready, 60)

    def is_ready(self):
        self.house.check_lives("server")
        return urllib.request.urlopen(self.url + "/readyz", timeout=2).status == 200

    def add_agent(self, cluster, kubeconfig, over_ssh=True, secret=None):
        secret = secret or json.loads(self.cli("cluster", "add", cluster, "-o", "json"))["token"]
        self.agents[cluster] = (self.house.write(f"{cluster}.token", secret + "\n"), kubeconfig)
        self.over_ssh = over_ssh
        self.start_agent(cluster)

    def repository_flags(self):
        if self.over_ssh:
            return ["--repository", self.git.ssh_url, "--git-ssh-key-file", self.git.ssh_key,
                    "--git-known-hosts-file", self.git.known_hosts]
        return ["--repository", self.git.http_url, "--git-username", self.git.USER,
                "--git-password-file", self.git.password_file]

    def start_agent(self, cluster):
        token_file, kubeconfig = self.agents[cluster]
        self.house.start(f"agent-{cluster}", [
            self.program, "agent", "--server", self.url, "--cluster", cluster,
            "--token-file", token_file, *self.repository_flags(),
            *self.places.get(cluster, ["--path", f"clusters/{cluster}"]), "--kubeconfig", kubeconfig,
            "--data", self.house.path(f"agent-{cluster}"), "--interval", "2s", *self.agent_flags], QUIET)

    # ---- asking ----

    def ask(self, path, body=None, token_file=None):
        with open(token_file or self.token_file, encoding="utf-8") as text:
            token = text.read().strip()
        request = urllib.request.Request(
            self.url + path, data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as why:
            raise TestFailed(f"{path}: {why.code} {why.read()[:400]}") from why

    def cli_result(self, *words, token_file=None, seconds=120, stdin=None):
        env = {**os.environ, **QUIET, "HEDDLE_SERVER": self.url, "NO_COLOR": "1",
               "HEDDLE_TOKEN_FILE": token_file or self.token_file, "XDG_CONFIG_HOME": self.house.folder}
        done = subprocess.run([self.program, *words], env=env, timeout=seconds, input=stdin,
                              stdin=None if stdin is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", check=False)
        return done.returncode, done.stdout, done.stderr

    def cli(self, *words, expect=0, **options):
        code, out, talk = self.cli_result(*words, **options)
        if code != expect:
            raise TestFailed(f"heddle {' '.join(words)} ended with {code}, not {expect}: {out[-500:]} {talk[-500:]}")
        return out

    def token(self, name, role):
        if name not in self.tokens:
            answer = self.ask("/api/v1/tokens", {"name": name, "role": role})
            self.tokens[name] = self.house.write(f"{name}.person", answer["token"] + "\n")
        return self.tokens[name]

    def cell(self, stage, workload):
        return self.ask(f"/api/v1/cells/{stage}/{workload}")

    def runs(self, stage, workload, version):
        """Do all targets of a stage run this version, healthy?"""
        targets = self.cell(stage, workload)["targets"]
        return all(t["state"] == "healthy" and t.get("running") == version and t["version"] == version
                   for t in targets)

    def all_healthy(self):
        board = self.ask("/api/v1/board")
        cells = [cell for row in board["workloads"] for cell in row["cells"]]
        return cells and all(cell["state"] == "healthy" for cell in cells) and len(cells)

    def releases(self, **filters):
        query = "&".join(f"{key}={value}" for key, value in filters.items())
        return self.ask(f"/api/v1/releases?limit=500&{query}")["items"]

    def wait_phase(self, release, phase, seconds=90):
        def reached():
            seen = self.ask(f"/api/v1/releases/{release}")
            if seen["isOver"] and seen["phase"] != phase:
                raise SystemExit(f"R-{release} ended as {seen['phase']}: {seen['why']}")
            return seen["phase"] == phase and seen
        return wait_until(f"R-{release} is {phase}", reached, seconds)
