"""The newest of 100,000 tags of one repository, against `crane ls | sort -V`; and what the server needs to keep them."""
import hashlib
import json
import os
import re
import socketserver
import statistics
import subprocess
import threading
import time

from figures import Figure
from harness import shop
from harness.heddle import Heddle
from harness.parts import GitHost, rig
from harness.processes import House, check, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = 1000
ROUNDS = 9
NAME = "shop/cart"


class Listing(socketserver.ThreadingTCPServer):
    """A registry that only knows tags, as fast as a socket: what is measured is who asks."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, tags):
        super().__init__(("127.0.0.1", 0), Answers)
        self.tags = sorted(tags)
        self.pages = [self.page(first) for first in range(0, len(tags), PAGE)]
        self.host = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def page(self, first):
        tags = self.tags[first:first + PAGE]
        link = "" if first + PAGE >= len(self.tags) else \
            f'Link: </v2/{NAME}/tags/list?n={PAGE}&page={first // PAGE + 1}>; rel="next"\r\n'
        return answer(json.dumps({"name": NAME, "tags": tags}).encode(), link)


def answer(body, headers=""):
    return (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n").encode() + body


class Answers(socketserver.BaseRequestHandler):
    def handle(self):
        # A request is one segment here.  crane begins with TLS, which is refused as registries do.
        while request := self.request.recv(65536):
            path = request.split(b" ", 2)[1] if request.startswith((b"GET ", b"HEAD ")) else b""
            if b"/tags/list" in path:
                self.request.sendall(self.server.pages[int(path.partition(b"page=")[2] or 0)])
            elif b"/manifests/" in path:
                digest = hashlib.sha256(path).hexdigest()
                self.request.sendall(answer(b"", f"Docker-Content-Digest: sha256:{digest}\r\n"))
            elif path:
                self.request.sendall(answer(b"{}"))
            else:
                self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n")
                return


def timed(command):
    """Seconds, the largest process in MiB, and what was printed.  The kernel counts a child's memory from its parent's on,
    so a small one starts it."""
    began = time.monotonic()
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 0, f"{command}: {done.stderr}")
    return time.monotonic() - began, int(done.stderr.split()[-1]) / 1024, done.stdout.strip()


def peak_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) / 1024


def newest_of(heddle):
    return (heddle.ask("/api/v1/board")["workloads"][0]["newest"] or {}).get("tag")


def kept(program, listing, newest):
    """Seconds from the server's start until it knows the newest, and its peak memory."""
    house = House()
    try:
        git = GitHost(house)
        git.commit({"heddle.yaml": shop.PIPELINE_OF_DEV.replace("      automatic: true\n", ""),
                    "clusters/dev/cart.yaml": shop.manifest("cart", "Deployment", 1, f"{listing.host}/{NAME}:1.0.0")}, "Begin")
        heddle = Heddle(house, program, git)
        began = time.monotonic()
        heddle.start_server()
        wait_until("the newest is known", lambda: newest_of(heddle) == newest, 120)
        return time.monotonic() - began, peak_of(house.processes["server"].pid)
    finally:
        house.close()


def measure(program, quick):
    count = 10000 if quick else 100000
    subprocess.run(["ninja", "-C", os.path.join(ROOT, "build/release"), "--quiet", "newest-tag"], check=True)
    tool = os.path.join(ROOT, "build/release/tests/tools/newest-tag")
    listing = Listing([f"{number // 10000}.{number // 100 % 100}.{number % 100}" for number in range(count)])
    newest = f"{(count - 1) // 10000}.{(count - 1) // 100 % 100}.{(count - 1) % 100}"
    image = f"{listing.host}/{NAME}"
    command = ["sh", "-c", f"{rig('crane')} ls --insecure {image} | sort -V | tail -n 1"]
    rounds = [(timed([tool, image]), timed(command)) for _ in range(ROUNDS)]
    ours, by_hand = zip(*rounds)
    known, memory = kept(program, listing, newest)
    check(all(printed == newest for _, _, printed in ours + by_hand), "both find the newest")
    return [Figure(f"the newest of {count} tags, median", statistics.median(seconds for seconds, _, _ in ours), "s",
                   statistics.median(seconds for seconds, _, _ in by_hand), "crane ls | sort -V", goal_ratio=3),
            Figure("  its peak memory", max(peak for _, peak, _ in ours), "MiB",
                   max(peak for _, peak, _ in by_hand), "crane", goal=64),
            Figure("  a new server knows it, with a hundred digests, and has stored all", known, "s"),
            Figure("  the server's peak memory", memory, "MiB")]
