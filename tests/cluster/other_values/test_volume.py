"""The relay on a volume of its own: it outlives the pod, and it may fill up."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.install import NAMESPACE as HOME
from tests.cluster.access import Access
from tests.cluster.conftest import fresh_namespaces
from tests.cluster.evidence import numbers, pods, restarts, whole_after
from tests.cluster.other_values.conftest import Release
from tests.cluster.platform import platform_policy
from tests.cluster.release import ready, relay_pods
from tests.cluster.shapes import container, custom, workload
from tests.cluster.test_backends import PROGRAM, SERVICE, told

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
PLACE = "e2e-volume"
POLICY = "e2e-volume"
BLOCK = 4096
KEPT_FREE = 2**20  # less than the relay keeps free, enough for its queues to give back what they hold
BACKEND = f"http://sink.{PLACE}.svc:4318"


@pytest.fixture(scope="module")
def queueing(product: Access, release: Release) -> Iterator[str]:
    """A namespace with an agent whose backend is down, so that spans wait on the relay's volume."""
    del release
    policy = custom("TracePolicy", POLICY, capture="Masked", backends=[{"name": "sink", "endpoint": BACKEND}])
    app = [{"name": "app", "configMap": {"name": "sink"}}]
    sink = workload("Deployment", "sink", container(command=("python3", "-u", "/app/sink.py")), volumes=app)
    sink["spec"]["replicas"] = 0
    with fresh_namespaces(product, PLACE), platform_policy(product, policy, PLACE):
        product.config_map_from("sink", PROGRAM, PLACE)
        product.apply(sink, SERVICE, namespace=PLACE)
        product.first_agent(PLACE)
        product.until_condition("tracepolicies", POLICY, HOME, Enforced="False/BackendFailing")
        yield PLACE


def test_queue_and_traces_outlive_the_relays_pod(product: Access, queueing: str) -> None:
    """Spans that were stored are still read from the next pod, and those that waited for a backend still reach it."""
    # Spans from before the relay knew the Agent's row are stored and go to no backend.
    product.until_condition("agents", "first-agent", queueing, Programmed="True")
    first = numbers(product, queueing)[-1] + 1
    stored = product.until("stored spans", lambda: numbers(product, queueing), lambda found: found[-1] > first + 2)
    waiting = {number for number in stored if number >= first}
    replace_relay(product)
    product.until("spans of both pods", lambda: numbers(product, queueing), whole_after(stored[-1]))
    product.kubectl("scale", "deployment/sink", "-n", queueing, "--replicas=1")
    product.until("the queue of the old pod", lambda: told(product, queueing), lambda seen: waiting <= set(seen["numbers"]))
    product.until_condition("tracepolicies", POLICY, HOME, Enforced="True")


def test_full_volume_is_said_and_costs_no_span(product: Access, release: Release, queueing: str) -> None:
    """While it is full the relay takes nothing, restarts included, and agents notice nothing; then all goes on by itself."""
    product.until_condition("tracepolicies", POLICY, HOME, Enforced="True")
    before = product.until("stored spans", lambda: numbers(product, queueing), lambda found: len(found) > 3)
    [pod] = pods(product, queueing, "-l", "app=first-agent")
    filler = fill(release.volume, leave=KEPT_FREE)
    try:
        for kind, name, where in (("agents", "first-agent", queueing), ("tracepolicies", POLICY, HOME)):
            seen = product.until_condition(kind, name, where, Enforced="False/StorageFull")
            assert "relay.storage.size, now 64Mi" in seen["Enforced"]["message"]
        product.until_condition("maskingpolicies", "default", queueing, Enforced="True", Programmed="True")
        fill(release.volume)
        replace_relay(product)
        product.until_condition("agents", "first-agent", queueing, Enforced="False/StorageFull")
        assert set(before) <= set(numbers(product, queueing))
        assert [restarts(relay) for relay in relay_pods(product)] == [0]
        during = numbers(product, queueing)[-1]
    finally:
        filler.unlink()
    product.until_condition("agents", "first-agent", queueing, Ready="True", Enforced="True")
    after = product.until("spans that waited", lambda: numbers(product, queueing), whole_after(during + 3))
    missed = {number for number in after if number > before[-1]}
    product.until("them at the backend", lambda: told(product, queueing), lambda seen: missed <= set(seen["numbers"]))
    [same] = pods(product, queueing, "-l", "app=first-agent")
    assert (same["metadata"]["uid"], restarts(same)) == (pod["metadata"]["uid"], 0)
    assert "span " not in product.kubectl("logs", same["metadata"]["name"], "-c", "agent", "-n", queueing)


def fill(volume: Path, leave: int = 0) -> Path:
    """Takes what is left but for some bytes; without any, every byte."""
    filler = volume / "filler"
    free = os.statvfs(volume).f_bavail * os.statvfs(volume).f_frsize
    with filler.open("ab", buffering=0) as file:
        try:
            for _ in range((free - leave) // BLOCK + (leave == 0)):
                file.write(bytes(BLOCK))
        except OSError:
            assert leave == 0
    return filler


def replace_relay(product: Access) -> dict[str, Any]:
    """Deletes the relay's pod and waits for the next one."""
    [old] = relay_pods(product)
    product.kubectl("delete", "pod", old["metadata"]["name"], "-n", HOME)
    [new] = product.until(
        "the next relay",
        lambda: relay_pods(product),
        lambda found: [pod["metadata"]["uid"] != old["metadata"]["uid"] and ready(pod) for pod in found] == [True],
    )
    return new
