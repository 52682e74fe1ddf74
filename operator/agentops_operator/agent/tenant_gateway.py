"""Facts on the gateways of namespaces whose policies bring credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TenantGatewaySettings:
    """How the gateway of a namespace that brings credentials is set up.

    Attributes:
        replicas: pods in each such namespace.
        resources: requests and limits of the container.
    """

    replicas: int = 2
    resources: Mapping[str, Any] = field(
        default_factory=lambda: {"requests": {"cpu": "20m", "memory": "48Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}}
    )


@dataclass(frozen=True)
class TenantGatewayObservation:
    """What the gateway of a namespace that brings credentials says of itself; its pods are the tenant's to tamper with.

    Attributes:
        digests: digest of each target, where every ready replica runs the same version of it.
        missing: targets whose credential a replica does not find.
        error: why nothing is known, or why a replica keeps an older plan.
        refused: what the API server said of its objects; empty when it refused none.
        pods_refused: what the API server said of its pods in the last hour.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    error: str = ""
    refused: str = ""
    pods_refused: str = ""


DEFAULTS = TenantGatewaySettings()
UNSEEN = TenantGatewayObservation()
