"""Where the pods of an Agent may connect to: `Agent.spec.egress`."""

from enum import StrEnum

from pydantic import Field

from agentops_operator.api.egress import CIDR_RULE, Cidr, EgressMode
from agentops_operator.api.model import Model, cel, marks
from agentops_operator.api.selector import LabelSelector

CANARY_PORT = 4321  # of the relay; what no allow-list contains, so that a refusal of it proves something


class Protocol(StrEnum):
    """Protocols that a NetworkPolicy can tell apart."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Port(Model):
    """One port of a destination."""

    port: int = Field(ge=1, le=65535, description="Port of the pod or host, not of a Service that leads to it.")
    protocol: Protocol = Field(default=Protocol.TCP, description="Protocol.")


class Destination(Model):
    """Something that the Agent's pods may connect to."""

    cidr: Cidr | None = Field(default=None, description="Addresses, for what is no pod.", json_schema_extra=marks(CIDR_RULE))
    pod_selector: LabelSelector | None = Field(
        default=None, description="Pods, in the namespaces of namespaceSelector; without that, in the Agent's own."
    )
    namespace_selector: LabelSelector | None = Field(
        default=None, description="Namespaces; without podSelector, every pod in them."
    )
    ports: list[Port] = Field(
        min_length=1,
        max_length=16,
        description="Ports, at least one.",
        json_schema_extra=marks(list_type="atomic"),
    )


ALLOW_RULES = (
    cel(
        "self.all(d, has(d.cidr) != (has(d.podSelector) || has(d.namespaceSelector)))",
        "each entry of allow names either a cidr, or pods by podSelector and namespaceSelector",
    ),
    cel(
        f"self.all(d, d.ports.all(p, p.port != {CANARY_PORT}))",
        f"port {CANARY_PORT} cannot be allowed: that it is refused is how the restriction is proven",
    ),
)


class Egress(Model):
    """Where the pods may connect to."""

    mode: EgressMode = Field(
        default=EgressMode.UNRESTRICTED,
        description="Enforced: only to what allow lists, to the gateway, the relay and cluster DNS; model providers are refused.",
    )
    allow: list[Destination] = Field(
        default=[],
        max_length=32,
        description="The complete list of what else they may connect to.",
        json_schema_extra=marks(*ALLOW_RULES, list_type="atomic"),
    )


EGRESS_RULES = (cel("self.mode == 'Enforced' || !has(self.allow) || size(self.allow) == 0", "allow is for mode Enforced"),)
