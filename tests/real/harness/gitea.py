"""Gitea as a real Git host and a real registry."""
import base64
import getpass
import json
import os
import urllib.error
import urllib.request

from .parts import ROOT, rig
from .processes import TestFailed, free_port, run, wait_until

FOLDER = os.path.join(ROOT, "tests/real/cluster/gitea")


class Gitea:
    OWNER, PASSWORD = "shop", "only-for-this-test"

    def __init__(self, house):
        self.house = house
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        static = run(["go", "list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea"], folder=FOLDER,
                     env={"GOFLAGS": "-mod=mod"}).strip()
        with open(os.path.join(FOLDER, "app.ini.in"), encoding="utf-8") as text:
            settings = text.read()
        for key, value in {"DIR": house.path("gitea"), "STATIC": static, "PORT": str(self.port),
                           "USER": getpass.getuser()}.items():
            settings = settings.replace(f"@{key}@", value)
        self.config = house.write("gitea/app.ini", settings)
        self.env = {"GITEA_WORK_DIR": house.path("gitea")}
        house.start("gitea", [rig("gitea"), "web", "-c", self.config], self.env)
        wait_until("Gitea answers", lambda: self.ask("GET", "/api/healthz", auth=False) is not None, 60)
        run([rig("gitea"), "admin", "user", "create", "--admin", "--username", self.OWNER, "--password", self.PASSWORD,
             "--email", "shop@shop.example", "--must-change-password=false", "-c", self.config], env=self.env)

    def ask(self, method, path, body=None, auth=True, person=OWNER):
        headers = {"Content-Type": "application/json"}
        if auth:
            secret = base64.b64encode(f"{person}:{self.PASSWORD}".encode()).decode()
            headers["Authorization"] = f"Basic {secret}"
        request = urllib.request.Request(self.url + path, method=method, headers=headers,
                                         data=json.dumps(body).encode() if body is not None else None)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                content = answer.read()
                return json.loads(content) if content else {}
        except urllib.error.HTTPError as why:
            raise TestFailed(f"{method} {path}: {why.code} {why.read()[:300]}") from why

    def add_person(self, name):
        run([rig("gitea"), "admin", "user", "create", "--username", name, "--password", self.PASSWORD, "--email",
             f"{name}@shop.example", "--must-change-password=false", "-c", self.config], env=self.env)

    def token(self, scopes):
        return self.ask("POST", f"/api/v1/users/{self.OWNER}/tokens", {"name": "heddle", "scopes": scopes})["sha1"]

    def login(self):
        """crane's credentials, and a config.json with them for heddle."""
        folder = self.house.path("docker")
        run([rig("crane"), "auth", "login", self.host, "-u", self.OWNER, "-p", self.PASSWORD],
            env={"DOCKER_CONFIG": folder})
        return os.path.join(folder, "config.json")


class GiteaRepository:
    """The config repository on Gitea, with the face of harness.parts.GitHost."""

    def __init__(self, house, gitea, name="config"):
        self.house, self.gitea, self.name = house, gitea, name
        self.api = f"/api/v1/repos/{gitea.OWNER}/{name}"
        gitea.ask("POST", "/api/v1/user/repos", {"name": name, "default_branch": "main", "private": True})
        self.USER = gitea.OWNER
        self.password_file = house.write("gitea-password", gitea.PASSWORD + "\n")
        self.http_url = f"{gitea.url}/{gitea.OWNER}/{name}.git"
        self.work = house.path("work")
        run(["git", "init", "-q", "--initial-branch=main", self.work])
        secret = base64.b64encode(f"{gitea.OWNER}:{gitea.PASSWORD}".encode()).decode()
        run(["git", "-C", self.work, "config", "http.extraHeader", f"Authorization: Basic {secret}"])
        run(["git", "-C", self.work, "remote", "add", "origin", self.http_url])

    def commit(self, files, message, branch="main"):
        """A person's commit; a branch that is not there begins at what was committed last."""
        if self.exists(branch):
            run(["git", "-C", self.work, "fetch", "-q", "origin", branch])
            run(["git", "-C", self.work, "reset", "-q", "--hard", "FETCH_HEAD"])
        for path, text in files.items():
            full = os.path.join(self.work, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as out:
                out.write(text)
        run(["git", "-C", self.work, "add", "-A"])
        run(["git", "-C", self.work, "-c", "user.name=ada", "-c", "user.email=ada@shop.example", "commit", "-q", "-m",
             message])
        run(["git", "-C", self.work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}"])
        return run(["git", "-C", self.work, "rev-parse", "HEAD"]).strip()

    def show(self, path):
        return self.show_at("main", path)

    def show_at(self, branch, path):
        run(["git", "-C", self.work, "fetch", "-q", "origin", branch])
        return run(["git", "-C", self.work, "show", f"FETCH_HEAD:{path}"])

    def tip(self, branch):
        run(["git", "-C", self.work, "fetch", "-q", "origin", branch])
        return run(["git", "-C", self.work, "rev-parse", "FETCH_HEAD"]).strip()

    def parent(self, branch):
        run(["git", "-C", self.work, "fetch", "-q", "origin", branch])
        return run(["git", "-C", self.work, "rev-parse", "FETCH_HEAD^"]).strip()

    def exists(self, branch):
        return bool(run(["git", "-C", self.work, "ls-remote", "origin", f"refs/heads/{branch}"]).strip())

    def invite(self, name):
        self.gitea.ask("PUT", f"{self.api}/collaborators/{name}", {"permission": "admin"})

    def commit_by_api(self, path, text):
        """A person's change that no protection is in the way of: it is lifted and put back."""
        rule = self.gitea.ask("GET", f"{self.api}/branch_protections/main")
        self.gitea.ask("DELETE", f"{self.api}/branch_protections/main")
        commit = self.commit({path: text}, "Change the pipeline")
        self.gitea.ask("POST", f"{self.api}/branch_protections", rule)
        return commit

    def hook(self, url, secret, events, owner_wide=False):
        """A webhook of the repository, or of everything its owner has."""
        path = "/api/v1/user/hooks" if owner_wide else f"{self.api}/hooks"
        self.gitea.ask("POST", path, {"type": "gitea", "active": True, "events": events,
                                      "config": {"url": url, "content_type": "json", "secret": secret}})

    def protect(self, allowed, approvals=0):
        """Only these people may push to main, and a merge needs so many approvals."""
        self.gitea.ask("POST", f"{self.api}/branch_protections", {
            "branch_name": "main", "rule_name": "main", "enable_push": True, "enable_push_whitelist": True,
            "push_whitelist_usernames": allowed, "required_approvals": approvals, "block_admin_merge_override": True})
