"""Many readers of the event stream on one server: memory for each, and how long until all have an event."""
import resource
import selectors
import socket
import statistics
import struct
import time

from figures import Figure
from harness.heddle import Heddle
from harness.parts import GitHost
from harness.processes import House, wait_until
from promotion import memory_mib
from sync import APP, NAMESPACE, PIPELINE

SO_TIMESTAMPNS = 35  # Linux's, which Python does not name
BYTES_MAX = 4096
RUNS = 5


def open_reader(port, token):
    reader = socket.create_connection(("127.0.0.1", port))
    reader.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    reader.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    reader.setblocking(False)
    return reader


def arrived_at(notes):
    """When the kernel had these bytes for the reader: that one program here reads for all of them, one after the
    other, is not the server's time.  It begins to note that a moment after it was asked to: until then, now."""
    if not notes:
        return time.time()
    seconds, nanoseconds = struct.unpack("@qq", notes[0][2])
    return seconds + nanoseconds / 1e9


def wait_for(reader):
    """The server tells the newest reader first: until the oldest has heard, reading would only take its processor."""
    alone = selectors.DefaultSelector()
    alone.register(reader, selectors.EVENT_READ)
    alone.select(60)


def drain(selector, until):
    """Read whatever comes until `until(bytes read of a reader)` held for every reader once; when it held for the last."""
    last = 0
    waiting = {key.fd for key in selector.get_map().values()}
    seen = {fd: b"" for fd in waiting}
    end = time.monotonic() + 60
    while waiting and time.monotonic() < end:
        for key, _ in selector.select(1):
            text, notes, _, _ = key.fileobj.recvmsg(BYTES_MAX, 64)
            seen[key.fd] += text
            if key.fd in waiting and until(seen[key.fd]):
                waiting.discard(key.fd)
                last = max(last, arrived_at(notes))
    if waiting:
        raise SystemExit(f"{len(waiting)} readers have not heard; the first: {seen[min(waiting)][-300:]}")
    return last


def processor_ms(house):
    """Of the thread that serves."""
    pid = house.processes["server"].pid
    with open(f"/proc/{pid}/task/{pid}/schedstat", encoding="utf-8") as text:
        return int(text.read().split()[0]) / 1e6


def drain_rest(selector):
    """Until nothing has come for two seconds."""
    while selector.select(2):
        for key, _ in selector.select(0):
            key.fileobj.recv(BYTES_MAX)


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
        first = open_reader(heddle.port, token)
        selector.register(first, selectors.EVENT_READ)
        for _ in range(count - 1):
            selector.register(open_reader(heddle.port, token), selectors.EVENT_READ)
        drain(selector, lambda text: b"event:" in text)
        drain_rest(selector)
        grown = memory_mib(house, "server") - before
        heard, used = [], []
        for _ in range(RUNS):
            used.append(-processor_ms(house))
            began = time.time()
            heddle.ask("/api/v1/holds", {"stage": "bench", "reason": "bench"})
            wait_for(first)
            heard.append(drain(selector, lambda text: b"event: pipeline" in text) - began)
            used[-1] += processor_ms(house)
            heddle.ask("/api/v1/holds/end", {"stage": "bench"})
            drain_rest(selector)
    finally:
        house.close()
    return [Figure(f"{count} readers of events, memory for each", grown * 1024 * 1024 / count / 1000, "kB", goal=16),
            Figure("  an event is at all of them after", statistics.median(heard) * 1000, "ms", goal=200),
            Figure("    the server's processor time for it", statistics.median(used), "ms")]
