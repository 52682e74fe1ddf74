"""`make demo-down`: removes the demo's namespace, Prometheus and the product from the local cluster, and leaves the cluster."""

from demo.install import NAMESPACE, RELEASE, helm
from demo.story import remove
from demo.world import MANIFESTS, World
from devcluster import Cluster, record
from devcluster.progress import say, step


def main() -> None:
    """Removes everything in the order in which it depends on each other; CRDs stay, as the chart keeps them."""
    cluster = Cluster()
    if record.read(cluster) is None:
        say("no cluster runs: nothing to remove")
        return
    world = World(cluster)
    with step("removing the demo's namespace"):
        remove(world)
    with step("removing Prometheus and the product"):
        world.kubectl("delete", "--ignore-not-found", "-f", str(MANIFESTS / "prometheus.yaml"))
        helm(cluster, "uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", "--wait")
    say("the cluster itself still runs: `make cluster-down` stops it")


if __name__ == "__main__":
    main()
