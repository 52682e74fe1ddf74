"""Pods that send their model calls through the gateway, as metrics: what an uninstall has to know."""

from collections import Counter
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from agentops_operator.runtime.store import Store


class GatewayPods:
    """A collector over the pods that are known; on a replica that stands by there is none, so it says nothing."""

    def __init__(self, registry: CollectorRegistry, store: Store, known: Callable[[], bool]) -> None:
        self._store = store
        self._known = known
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Both series; `known` first, since without it no series reads as no pod."""
        known = GaugeMetricFamily("agentops_gateway_pods_known", "1 when the pods of every namespace with Agents are known.")
        known.add_metric([], float(self._known()))
        yield known
        pods = GaugeMetricFamily(
            "agentops_gateway_pods", "Pods that send their model calls through the gateway.", labels=["namespace", "agent"]
        )
        counts = Counter((pod.namespace, pod.agent) for pod in self._store.pods.every() if pod.gateway and not pod.terminating)
        for labels, count in counts.items():
            pods.add_metric(labels, count)
        yield pods
