"""How long a policy change takes to reach running sidecars, with nothing restarted meanwhile."""

import time
from collections.abc import Iterator

from bench.figure import Figure, at_most, percentile
from tests.cluster.access import Access
from tests.cluster.evidence import observations, pods, restarts

GROUP = "policy change"
CHANGES = 6
REPLICAS = 5
SYNC_SECONDS = 10  # the kubelet's syncFrequency on the local node
LIMIT = 1.5 * SYNC_SECONDS + 5
POLL = 0.25  # error of a figure; a sidecar reports a swap at once


def run(access: Access) -> Iterator[Figure]:
    """Yields the figures."""
    where = "bench-change"
    access.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": where}})
    try:
        access.first_agent(where)
        access.kubectl("scale", "deployment/first-agent", f"--replicas={REPLICAS}", "-n", where)
        access.until_condition("agents", "first-agent", where, Enforced="True")
        access.until("all pods", lambda: len(_digests(access, where)), lambda count: count == REPLICAS)
        times = [taken for change in range(CHANGES) for taken in _change(access, where, change)]
        method = (
            f"{CHANGES} changes to {REPLICAS} pods, until the relay has each sidecar's report; syncFrequency {SYNC_SECONDS} s"
        )
        yield Figure(GROUP, "in force in a pod, p50", round(percentile(times, 50), 1), "s", method=method)
        yield at_most(GROUP, "in force in a pod, p95", percentile(times, 95), "s", LIMIT, method)
        yield at_most(GROUP, "restarts", sum(restarts(pod) for pod in pods(access, where)), "restarts", 0, "of all containers")
    finally:
        access.kubectl("delete", "namespace", where, "--wait=false")


def _change(access: Access, where: str, number: int) -> Iterator[float]:
    """Seconds until each pod reports other rules than before."""
    before = set(_digests(access, where).values())
    waiting = set(_digests(access, where))
    spec = {"packs": [{"name": "Email"}], "blockKeys": [f"bench-{number}"]}
    policy = {"apiVersion": "agentops.dev/v1alpha1", "kind": "MaskingPolicy", "metadata": {"name": "bench"}, "spec": spec}
    access.apply(policy, namespace=where)
    began = time.monotonic()
    while waiting:
        done = {uid for uid, digest in _digests(access, where).items() if uid in waiting and digest not in before}
        for _ in done:
            yield time.monotonic() - began
        waiting -= done
        time.sleep(POLL)


def _digests(access: Access, where: str) -> dict[str, str]:
    entries = [entry for entry in observations(access)["agents"] if entry["namespace"] == where]
    return {pod["uid"]: pod["rulesDigest"] for entry in entries for pod in entry["pods"]}
