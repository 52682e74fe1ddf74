"""Metrics of the process, under the names that dashboards of other controllers already know."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from agentops_operator.runtime.gauges import Gauges

CONTROLLER = "agentops"
LATENCIES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """All metrics, in one registry of their own so that tests do not share counters."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # CPU, memory and files of the process itself
        self.reconcile_total = Counter(
            "controller_runtime_reconcile", "Keys worked on, by result.", ["controller", "result"], registry=registry
        )
        self.reconcile_errors = Counter(
            "controller_runtime_reconcile_errors", "Keys that failed.", ["controller"], registry=registry
        )
        self.reconcile_seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "Time of one pass.",
            ["controller"],
            buckets=LATENCIES,
            registry=registry,
        )
        self.max_concurrent = Gauge("controller_runtime_max_concurrent_reconciles", "Workers.", ["controller"], registry=registry)
        self.active_workers = Gauge("controller_runtime_active_workers", "Busy workers.", ["controller"], registry=registry)
        self.depth = Gauge("workqueue_depth", "Keys that wait.", ["name"], registry=registry)
        self.adds = Counter("workqueue_adds", "Keys added.", ["name"], registry=registry)
        self.retries = Counter("workqueue_retries", "Keys put back after an error.", ["name"], registry=registry)
        self.queue_seconds = Histogram(
            "workqueue_queue_duration_seconds", "Time in the queue.", ["name"], buckets=LATENCIES, registry=registry
        )
        self.work_seconds = Histogram(
            "workqueue_work_duration_seconds", "Time of work.", ["name"], buckets=LATENCIES, registry=registry
        )
        self.unfinished = Gauge(
            "workqueue_unfinished_work_seconds", "Summed time of work under way.", ["name"], registry=registry
        )
        self.longest = Gauge(
            "workqueue_longest_running_processor_seconds", "Longest work under way.", ["name"], registry=registry
        )
        self.requests = Counter("rest_client_requests", "Requests to the API server.", ["code", "method"], registry=registry)
        self.leader = Gauge("leader_election_master_status", "1 on the leader.", ["name"], registry=registry)
        self.objects = Gauges(registry)
        self._add_own(registry)

    def _add_own(self, registry: CollectorRegistry) -> None:
        self.writes = Counter(
            "agentops_writes", "Objects written to the API server, by kind and part.", ["kind", "part"], registry=registry
        )
        self.notices = Counter(
            "agentops_notices", "Notices of held runs to the receiver, by result.", ["result"], registry=registry
        )
        self.relay_up = Gauge("agentops_relay_reachable", "1 while the relay answers.", registry=registry)
        self.observed_at = Gauge("agentops_relay_observed_timestamp_seconds", "When the relay last answered.", registry=registry)
        self.index_bytes = Gauge(
            "agentops_index_bytes", "Size of a namespace's injection index.", ["namespace"], registry=registry
        )
        self.background_failures = Counter(
            "agentops_background_failures", "Watches and observers that failed and began again.", ["name"], registry=registry
        )
        self.events_dropped = Counter(
            "agentops_events_dropped", "Events that were not sent because the same was sent lately.", registry=registry
        )
