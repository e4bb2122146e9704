"""Seconds until a crash loop has a named cause, and until a change by hand is put back."""
import statistics
import time

from figures import Figure
from harness import shop
from harness.heddle import Heddle
from harness.parts import ControlPlane, GitHost, Registry
from harness.processes import House, wait_until


def crash(heddle, git, registry, number):
    """From the commit of a crash-looping image, seen at once, to its cause in the API."""
    good = git.show("clusters/dev/cart.yaml")
    image = next(line.split("image: ")[1] for line in good.splitlines() if "image: " in line)
    git.commit({"clusters/dev/cart.yaml": good.replace(image, f"{registry.host}/shop/cart:bad-{number}")}, "Crash")
    began = time.monotonic()
    heddle.cli("sync")
    wait_until("the cause is named", lambda: (heddle.cell("dev", "cart")["diagnosis"] or {}).get("code") == "HD1011", 60)
    took = time.monotonic() - began
    git.commit({"clusters/dev/cart.yaml": good}, "Take it back")
    heddle.cli("sync")
    wait_until("all is well", heddle.all_healthy, 60)
    return took


def drift(plane):
    plane.scale("dev", "web", 9)
    began = time.monotonic()
    wait_until("it is put back", lambda: plane.deployment("dev", "web")["spec"]["replicas"] == 2, 30)
    return time.monotonic() - began


def measure(program, quick):
    rounds = 2 if quick else 5
    house = House()
    try:
        git, registry, plane = GitHost(house), Registry(house), ControlPlane(house, ["dev"])
        files = shop.files(registry, ["cart", "web"], overlays=False)
        git.commit({path: text for path, text in files.items() if "/staging/" not in path}
                   | {"heddle.yaml": shop.PIPELINE_OF_DEV.replace("      automatic: true\n", "")}, "Begin")
        for number in range(rounds):
            registry.push("shop/cart", f"bad-{number}")
        heddle = Heddle(house, program, git)
        heddle.start_server()
        heddle.add_agent("dev", plane.kubeconfig("dev"))
        wait_until("everything runs", lambda: heddle.all_healthy() == 2, 60)
        crashes = [crash(heddle, git, registry, number) for number in range(rounds)]
        drifts = [drift(plane) for _ in range(rounds)]
    finally:
        house.close()
    return [Figure("a crash loop has its cause named, median", statistics.median(crashes), "s", goal=10),
            Figure("  the slowest", max(crashes), "s", goal=10),
            Figure("a change by hand is put back, median", statistics.median(drifts), "s", goal=2),
            Figure("  the slowest", max(drifts), "s", goal=2)]
