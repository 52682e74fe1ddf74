"""What the gateways are told of a proxy to the outside."""

from typing import Any

from agentops_operator.agent.facts import GatewaySettings

# Without the API server's address a proxy would be asked for the plan and the keys of tokens.
INSIDE = ("$(KUBERNETES_SERVICE_HOST)", ".svc", ".cluster.local", "localhost", "127.0.0.1")


def proxy_variables(gateway: GatewaySettings) -> list[dict[str, Any]]:
    """The variables that Go's HTTP client reads; none without a proxy."""
    if not gateway.proxy:
        return []
    told = {"HTTPS_PROXY": gateway.proxy, "HTTP_PROXY": gateway.proxy, "NO_PROXY": ",".join((*INSIDE, *gateway.proxy_exclude))}
    return [{"name": name, "value": value} for name, value in told.items()]
