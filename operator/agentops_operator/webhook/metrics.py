"""Metrics of the webhook, under the names that dashboards of other controllers already know."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCIES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)


class WebhookMetrics:
    """All metrics, in one registry of their own."""

    def __init__(self, requests_to_api: Counter) -> None:
        registry = self.registry = CollectorRegistry()
        registry.register(requests_to_api)
        self.requests = Counter(
            "controller_runtime_webhook_requests", "Answered requests.", ["webhook", "code"], registry=registry
        )
        self.seconds = Histogram(
            "controller_runtime_webhook_latency_seconds", "Time to answer.", ["webhook"], buckets=LATENCIES, registry=registry
        )
        self.in_flight = Gauge(
            "controller_runtime_webhook_requests_in_flight", "Requests under way.", ["webhook"], registry=registry
        )
        self.certificate_reads = Counter("certwatcher_read_certificate", "Certificates that were read.", registry=registry)
        self.certificate_errors = Counter(
            "certwatcher_read_certificate_errors", "Certificates that could not be used.", registry=registry
        )
        self.answers = Counter("agentops_webhook_answers", "Pods, by what came of them.", ["outcome"], registry=registry)
        self.indexes = Gauge("agentops_webhook_indexes", "Namespaces with an index.", registry=registry)
