"""Many readers of the event stream on one server: memory for each, and how long until all have an event."""
import resource
import selectors
import socket
import time

from figures import Figure
from harness.heddle import Heddle
from harness.parts import GitHost
from harness.processes import House, wait_until
from promotion import memory_mib
from sync import APP, NAMESPACE, PIPELINE


def open_reader(port, token):
    reader = socket.create_connection(("127.0.0.1", port))
    reader.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    reader.setblocking(False)
    return reader


def drain(selector, until):
    """Read whatever comes until `until(bytes read of a reader)` held for every reader once."""
    waiting = {key.fd for key in selector.get_map().values()}
    seen = {fd: b"" for fd in waiting}
    end = time.monotonic() + 60
    while waiting and time.monotonic() < end:
        for key, _ in selector.select(1):
            seen[key.fd] += key.fileobj.recv(65536)
            if until(seen[key.fd]):
                waiting.discard(key.fd)
    if waiting:
        raise SystemExit(f"{len(waiting)} readers have not heard; the first: {seen[min(waiting)][-300:]}")


def measure(program, quick):
    count = 200 if quick else 10000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    house = House()
    try:
        git = GitHost(house)
        git.commit({"heddle.yaml": PIPELINE, "clusters/heddle/namespace.yaml": NAMESPACE,
                    "clusters/heddle/app.yaml": APP.format(n=0, tag="1.0.0")}, "Begin")
        heddle = Heddle(house, program, git)
        heddle.start_server()
        wait_until("the pipeline is read", lambda: heddle.ask("/api/v1/board")["commit"], 30)
        with open(heddle.token_file, encoding="utf-8") as text:
            token = text.read().strip()
        before = memory_mib(house, "server")
        selector = selectors.DefaultSelector()
        for _ in range(count):
            selector.register(open_reader(heddle.port, token), selectors.EVENT_READ)
        drain(selector, lambda text: b"event:" in text)
        while selector.select(2):
            for key, _ in selector.select(0):
                key.fileobj.recv(65536)
        grown = memory_mib(house, "server") - before
        began = time.monotonic()
        heddle.ask("/api/v1/holds", {"stage": "bench", "reason": "bench"})
        drain(selector, lambda text: b"event: pipeline" in text)
        heard = time.monotonic() - began
    finally:
        house.close()
    return [Figure(f"{count} readers of events, memory for each", grown * 1024 / count, "KiB"),
            Figure("  an event is at all of them after", heard * 1000, "ms")]
