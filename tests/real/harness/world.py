"""The whole shop: registry, git, four clusters, the server and its agents, at rest at 1.0.0."""
from . import shop
from .heddle import HOOK_SECRET, Heddle
from .parts import ControlPlane, GitHost, Registry
from .processes import House, wait_until

CLUSTERS = ["dev", "staging", "prod-eu", "prod-us"]


class World:
    def __init__(self, program, workloads=None):
        self.house = House()
        self.git = GitHost(self.house)
        self.heddle = Heddle(self.house, program, self.git)
        self.registry = Registry(self.house, self.heddle.url + "/hooks/registry", HOOK_SECRET)
        self.plane = ControlPlane(self.house, CLUSTERS)
        self.workloads = workloads or [row[0] for row in shop.WORKLOADS]
        self.git.commit(shop.files(self.registry, self.workloads), "Begin with 1.0.0 everywhere")
        self.heddle.start_server()
        for cluster in CLUSTERS:
            self.heddle.add_agent(cluster, self.plane.kubeconfig(cluster))
        wait_until("everything runs 1.0.0", self.is_at_rest, 120)

    def is_at_rest(self):
        """Healthy in each of the three stages."""
        return self.heddle.all_healthy() == 3 * len(self.workloads)

    def newest(self, **filters):
        found = self.heddle.releases(**filters)
        return found[0] if found else None

    def close(self):
        self.house.close()
