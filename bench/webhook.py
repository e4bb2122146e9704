"""From a registry's webhooks to the commit in Git, in a repository of 200 applications: one new image, and one of each."""
import http.client
import http.server
import json
import os
import statistics
import threading
import time

from figures import Figure
from harness import shop
from harness.heddle import HOOK_SECRET, Heddle
from harness.oci import push_versions
from harness.parts import GitHost, Registry
from harness.processes import House, check, free_port, run, wait_until
from promotion import memory_mib

ROUNDS = 5
SECONDS_MAX = 60


class Recorder(http.server.ThreadingHTTPServer):
    """Hears the registry's own notifications and keeps them, so that the moment when heddle hears of them is known."""
    daemon_threads = True

    def __init__(self):
        self.bodies = []
        super().__init__(("127.0.0.1", free_port()), Hears)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, wanted):
        """What was told, as soon as so many tags are in it; in the order in which it came."""
        wait_until("the registry tells of all images", lambda: sum(map(has_tag, self.bodies)) >= wanted, SECONDS_MAX)
        taken, self.bodies = self.bodies, []
        return taken


def pushes(body):
    """It also tells who asks for something: heddle does."""
    return [event for event in json.loads(body)["events"] if event["action"] == "push"]


def has_tag(body):
    return any("tag" in event["target"] for event in pushes(body))


class Hears(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802: the name is http.server's
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if pushes(body):
            self.server.bodies.append(body)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


class Branch:
    """The branch at the host, looked at closely and without a program for each look."""

    def __init__(self, git):
        self.git, self.path = git, os.path.join(git.bare, "refs/heads/main")

    def head(self):
        with open(self.path, encoding="ascii") as text:
            return text.read().strip()

    def moved(self, before, is_enough):
        """When the branch came to a commit of which `is_enough` holds."""
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            head = self.head()
            if head and head != before:
                now = time.monotonic()
                if is_enough(head):
                    return now
                before = head
            time.sleep(0.001)
        raise SystemExit("the branch has not moved; the server: " + self.git.house.log("server")[-2000:])

    def count(self, words, head):
        text = run(["git", "-C", self.git.bare, "grep", "-h", "-c", words, head, "--", "clusters/dev"], expect=None)
        return sum(int(line) for line in text.split())


def tell(heddle, bodies):
    """As the registry would: one after the other, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", heddle.port)
    for body in bodies:
        connection.request("POST", "/hooks/registry", body, {"Authorization": f"Bearer {HOOK_SECRET}",
                                                             "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        check(answer.status == 202, f"the hook is heard: {answer.status}")
    connection.close()


def one_image(heddle, registry, recorder, branch, number):
    push_versions(registry, "bench/app-0", [f"1.{number}.0"])
    bodies = recorder.take(1)
    before = branch.head()
    began = time.monotonic()
    tell(heddle, bodies)
    took = branch.moved(before, lambda head: True) - began
    time.sleep(2)  # two looks of one repository are a second apart
    return took


def all_images(heddle, registry, recorder, git, branch, names, tag):
    for name in names:
        push_versions(registry, f"bench/{name}", [tag])
    bodies = recorder.take(len(names))
    before = branch.head()
    teller = threading.Thread(target=tell, args=(heddle, bodies))
    began = time.monotonic()
    teller.start()
    took = branch.moved(before, lambda head: branch.count(f":{tag}", head) == len(names)) - began
    teller.join()
    commits = int(run(["git", "-C", git.bare, "rev-list", "--count", f"{before}..main"]))
    time.sleep(2)
    return took, commits


def measure(program, quick):
    names = [f"app-{number}" for number in range(20 if quick else 200)]
    house = House()
    try:
        recorder = Recorder()
        git, registry = GitHost(house), Registry(house, recorder.url, HOOK_SECRET)
        files = {"heddle.yaml": shop.PIPELINE_OF_DEV}
        for name in names:
            digest = push_versions(registry, f"bench/{name}", ["1.0.0"])["1.0.0"]
            files[f"clusters/dev/{name}.yaml"] = shop.manifest(
                name, "Deployment", 1, f"{registry.host}/bench/{name}:1.0.0@{digest}")
        git.commit(files, "Begin")
        recorder.take(len(names))
        heddle = Heddle(house, program, git, server_flags=["--poll-git", "10m", "--poll-registry", "10m"])
        heddle.start_server()
        wait_until("all versions are known", lambda: all(
            heddle.ask(f"/api/v1/versions?workload={name}")["items"] for name in names), 60)
        branch = Branch(git)
        one = [one_image(heddle, registry, recorder, branch, number + 1) for number in range(ROUNDS)]
        all_of_them, commits = zip(*[all_images(heddle, registry, recorder, git, branch, names, f"2.{number}.0")
                                     for number in range(ROUNDS)])
        memory = memory_mib(house, "server", "VmHWM")
    finally:
        house.close()
    print("one:", [f"{took:.3f}" for took in one], "all:", [f"{took:.3f}" for took in all_of_them], "commits:", commits)
    return [Figure(f"webhook to commit, {len(names)} applications: 1 image, median", statistics.median(one), "s", goal=0.1),
            Figure(f"  {len(names)} images, median", statistics.median(all_of_them), "s", goal=1),
            Figure("    in so many commits, median", statistics.median(commits), "", goal=1),
            Figure("  the server's peak memory", memory, "MiB")]
