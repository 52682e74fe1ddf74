"""OpenTelemetry as its manual says: everything is configured by the variables OTEL_*."""

import json
from collections import OrderedDict
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic_ai import Agent, Embedder

KEPT_TRACES = 30


class Recent(SpanProcessor):
    """Keeps the spans of the last traces as the agent made them, for whoever wants to compare."""

    def __init__(self) -> None:
        self._traces: OrderedDict[int, list[dict[str, Any]]] = OrderedDict()

    def on_end(self, span: ReadableSpan) -> None:
        """Keeps one span."""
        made = json.loads(span.to_json())
        self._traces.setdefault(span.get_span_context().trace_id, []).append(made)
        if len(self._traces) > KEPT_TRACES:
            self._traces.popitem(last=False)

    def spans(self, trace_id: int) -> list[dict[str, Any]]:
        """Spans of a trace, in the order of their ends."""
        return self._traces.get(trace_id, [])


def start() -> Recent:
    """Switches the framework's instrumentation on, and the export."""
    recent, provider = Recent(), TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    provider.add_span_processor(recent)
    trace.set_tracer_provider(provider)
    Agent.instrument_all()
    Embedder.instrument_all()
    return recent
