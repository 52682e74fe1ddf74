"""What the pods of one Agent may connect to, after what the policies that bind it demand."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentops_operator.agent.egress.types import Destination, Egress
from agentops_operator.agent.facts import Key, Resource
from agentops_operator.agent.types import AgentSpec
from agentops_operator.api.egress import EgressMode
from agentops_operator.policies.fallback.types import ProviderFallbackSpec


@dataclass(frozen=True)
class Allowance:
    """The complete allow-list of one Agent.

    Attributes:
        enforced: whether the Agent or a policy wants it enforced.
        destinations: entries of the Agent that are in force.
        refused: networks that the Agent lists and a platform policy does not let it.
        demanding: policies that want it enforced.
    """

    enforced: bool = False
    destinations: tuple[Destination, ...] = ()
    refused: tuple[str, ...] = ()
    demanding: frozenset[Key] = frozenset()


def allowance(spec: AgentSpec, fallbacks: Iterable[Resource[ProviderFallbackSpec]], operator_namespace: str) -> Allowance:
    """The strictest of what Agent and policies say; networks must be in those of every platform policy that demands it."""
    own = spec.egress or Egress()
    demanding = [policy for policy in fallbacks if policy.spec.egress.mode is EgressMode.ENFORCED]
    if own.mode is not EgressMode.ENFORCED and not demanding:
        return Allowance()
    bounds = [policy.spec.egress.allowed_cidrs for policy in demanding if policy.key.namespace == operator_namespace]
    refused = {d.cidr for d in own.allow if d.cidr is not None and not all(_within(d.cidr, bound) for bound in bounds)}
    return Allowance(
        enforced=True,
        destinations=tuple(d for d in own.allow if d.cidr not in refused),
        refused=tuple(sorted(refused)),
        demanding=frozenset(policy.key for policy in demanding),
    )


def _within(cidr: str, networks: Sequence[str]) -> bool:
    return any(_inside(cidr, network) for network in networks)


def _inside(inner: str, outer: str) -> bool:
    try:
        one, other = ipaddress.ip_network(inner, strict=False), ipaddress.ip_network(outer, strict=False)
    except ValueError:
        return False  # the schema refuses these; an object from before it must not stop the others
    return one.version == other.version and int(other[0]) <= int(one[0]) and int(one[-1]) <= int(other[-1])
