"""The CEL rules of egress, told in Python; see `rules` for the others."""

import ipaddress
from collections.abc import Callable
from typing import Any

from agentops_operator.agent.egress.types import CANARY_PORT
from agentops_operator.cli.position import Path

Broken = list[tuple[Path, str]]
WIDEST = {4: 8, 6: 16}


def _narrow(cidr: str) -> Broken:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return [((), "")]
    return [] if "/" in cidr and network.prefixlen >= WIDEST[network.version] else [((), "")]


def _all_narrow(cidrs: list[str]) -> Broken:
    return [((index,), "") for index, cidr in enumerate(cidrs) if _narrow(cidr)]


def _ports(destinations: list[dict[str, Any]]) -> Broken:
    return [
        ((place, "ports", index, "port"), "")
        for place, destination in enumerate(destinations)
        for index, port in enumerate(destination.get("ports") or ())
        if port.get("port") == CANARY_PORT
    ]


def _one_peer(destinations: list[dict[str, Any]]) -> Broken:
    return [((place,), "") for place, one in enumerate(destinations) if ("cidr" in one) == (_pods(one))]


def _pods(destination: dict[str, Any]) -> bool:
    return "podSelector" in destination or "namespaceSelector" in destination


def _only_enforced(field: str) -> Callable[[dict[str, Any]], Broken]:
    return lambda egress: [((field,), "")] if egress.get(field) and egress.get("mode") != "Enforced" else []


EGRESS: dict[str, Callable[[Any], Broken]] = {
    "isCIDR(self) && cidr(self).prefixLength() >= (cidr(self).ip().family() == 4 ? 8 : 16)": _narrow,
    "self.all(c, isCIDR(c) && cidr(c).prefixLength() >= (cidr(c).ip().family() == 4 ? 8 : 16))": _all_narrow,
    "self.all(d, has(d.cidr) != (has(d.podSelector) || has(d.namespaceSelector)))": _one_peer,
    f"self.all(d, d.ports.all(p, p.port != {CANARY_PORT}))": _ports,
    "self.mode == 'Enforced' || !has(self.allow) || size(self.allow) == 0": _only_enforced("allow"),
    "self.mode == 'Enforced' || !has(self.allowedCidrs) || size(self.allowedCidrs) == 0": _only_enforced("allowedCidrs"),
}
