"""Whether the sidecar is why the API server refused a pod, read from the API server's own words.

The texts are those of the admission plugins LimitRanger and ResourceQuota (Kubernetes 1.30 to 1.36). A text that is not
understood blames nobody: then the pod stays refused, as it would be without us.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agentops_operator.agent.skipping import SIDECAR
from agentops_operator.kube.quantity import quantity

Resources = Mapping[str, Any]
NUMBER = r"[0-9]+(?:\.[0-9]+)?[A-Za-z]*"
BOUND = re.compile(
    r"(?P<which>minimum|maximum) (?P<resource>\S+) usage per (?P<scope>Container|Pod) is "
    rf"(?P<bound>{NUMBER})(?:, but (?P<field>request|limit) is (?P<seen>{NUMBER})|\.\s+No (?P<absent>request|limit) is specified)"
)
RATIO = re.compile(rf"(?P<resource>\S+) max limit to request ratio per Container is (?P<bound>{NUMBER}),")
QUOTA = re.compile(r"exceeded quota: \S+, requested: (?P<requested>\S+), used: (?P<used>\S+), limited: (?P<limited>\S+)")
MUST = re.compile(r"must specify (?P<lacks>.+)$")
OURS = re.compile(r"ValidatingAdmissionPolicy '(?:agentops-require|agentops-bypass)\b")


def on_purpose(message: str) -> bool:
    """Whether a policy of ours refused the pod, because a namespace or a TracePolicy asks for that."""
    return OURS.search(message) is not None


def sidecar_is_why(message: str, sidecar: Resources) -> bool:
    """Whether the pod would have been let in without the sidecar.

    Args:
        message: what the API server said.
        sidecar: the sidecar's `requests` and `limits`.
    """
    if on_purpose(message):
        return False
    if exceeded := QUOTA.search(message):
        return _fits_without(exceeded, sidecar)
    if lacking := MUST.search(message):
        return all(part.rpartition("for: ")[2].strip() == SIDECAR for part in lacking["lacks"].split(";"))
    bounds, ratios = list(BOUND.finditer(message)), list(RATIO.finditer(message))
    if bounds or ratios:
        return all(_beyond(hit, sidecar) for hit in bounds) and all(_ratio(hit, sidecar) for hit in ratios)
    return SIDECAR in message


def _beyond(hit: re.Match[str], sidecar: Resources) -> bool:
    """Whether the sidecar itself is outside a bound of a LimitRange."""
    field = hit["field"] or hit["absent"]
    own, bound = _share(sidecar, f"{field}s", hit["resource"]), quantity(hit["bound"])
    if hit["absent"]:
        return own is None
    if own is None:
        return False
    if hit["scope"] == "Pod":
        return hit["which"] == "maximum" and quantity(hit["seen"]) - own <= bound
    return own > bound if hit["which"] == "maximum" else own < bound


def _ratio(hit: re.Match[str], sidecar: Resources) -> bool:
    limit, request = (_share(sidecar, field, hit["resource"]) for field in ("limits", "requests"))
    return not limit or not request or limit / request > quantity(hit["bound"])


def _fits_without(exceeded: re.Match[str], sidecar: Resources) -> bool:
    """Whether a quota has room for the pod without the sidecar's share."""
    requested, used, limited = (_amounts(exceeded[name]) for name in ("requested", "used", "limited"))
    rest = {name: amount - _quota_share(sidecar, name) for name, amount in requested.items()}
    if any(amount < 0 for amount in rest.values()):
        return False  # so small a pod had no sidecar
    return all(amount + used.get(name, Decimal(0)) <= limited.get(name, Decimal(0)) for name, amount in rest.items())


def _amounts(text: str) -> dict[str, Decimal]:
    pairs = (part.partition("=") for part in text.rstrip(".]").split(","))
    return {name: quantity(value) for name, _, value in pairs if value}


def _quota_share(sidecar: Resources, name: str) -> Decimal:
    """Quotas name requests also without the word."""
    field, _, resource = name.rpartition(".")
    return _share(sidecar, field or "requests", resource) or Decimal(0)


def _share(sidecar: Resources, field: str, resource: str) -> Decimal | None:
    value = (sidecar.get(field) or {}).get(resource)
    return None if value is None else quantity(str(value))
