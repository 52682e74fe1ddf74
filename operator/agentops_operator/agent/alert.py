"""What an alert is, and a recorded series."""

from dataclasses import dataclass

WARNING, CRITICAL, INFO = "warning", "critical", "info"


@dataclass(frozen=True)
class Recording:
    """A series that Prometheus keeps of an expression, for alerts and dashboards alike."""

    name: str
    expr: str


@dataclass(frozen=True)
class Alert:
    """One alert; `<ns>` in the expression stands for the namespace that the rule is for."""

    name: str
    expr: str
    hold: str
    severity: str
    summary: str
    runbook: str
