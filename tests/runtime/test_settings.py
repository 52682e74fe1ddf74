"""Settings come from the environment, and a wrong one says its name."""

import pytest

from agentops_operator.agent.facts import StoreSettings
from agentops_operator.runtime.settings import RuntimeSettings, from_environment


def test_empty_environment_gives_defaults() -> None:
    """Nothing needs to be set."""
    assert from_environment({}) == RuntimeSettings()


def test_chart_variables_arrive() -> None:
    """Variables that the chart sets reach the place where they are used."""
    settings = from_environment(
        {
            "AGENTOPS_NAMESPACE": "platform",
            "AGENTOPS_WATCH_NAMESPACES": "shop, search,",
            "AGENTOPS_RELAY_IMAGE": "registry/collector:2",
            "AGENTOPS_RELAY_RESOURCES": '{"limits": {"memory": "2Gi"}}',
            "AGENTOPS_RELAY_PERSISTENT": "false",
            "AGENTOPS_RELAY_REPLICAS": "2",
            "AGENTOPS_RELAY_PULL_SECRETS": "one,two",
            "AGENTOPS_LEADER_ELECTION": "false",
            "AGENTOPS_GATEWAY_STORE_URL": "rediss://a:26379",
            "AGENTOPS_GATEWAY_STORE_TOPOLOGY": "Sentinel",
            "AGENTOPS_GATEWAY_STORE_ADDRESSES": "b:26379,c:26379",
            "AGENTOPS_GATEWAY_STORE_MASTER": "main",
            "AGENTOPS_GATEWAY_STORE_SERVER_NAME": "redis",
            "AGENTOPS_GATEWAY_STORE_SECRET": "agentops-redis",
        }
    )
    assert settings.home == "platform"
    assert settings.namespaces == ("shop", "search")
    assert settings.relay_name == "agentops-relay.platform.svc"
    relay = settings.compile.relay
    assert (relay.image, relay.replicas, relay.persistent) == ("registry/collector:2", 2, False)
    assert (relay.pull_secrets, relay.resources) == (("one", "two"), {"limits": {"memory": "2Gi"}})
    assert not settings.leader_election
    store = StoreSettings("rediss://a:26379", "Sentinel", ("b:26379", "c:26379"), "main", "redis", "agentops-redis")
    assert settings.compile.gateway.store == store


def test_variables_that_the_kubelet_sets_for_services_are_not_ours() -> None:
    """A Service called agentops-relay puts addresses into variables of this form; none of them is a setting."""
    address = "tcp://10.0.0.1:4318"
    names = ("HOST", "PORT", "SERVICE_HOST", "SERVICE_PORT", "PORT_4318_TCP", "PORT_4318_TCP_ADDR", "SERVICE_PORT_API")
    services = ("AGENTOPS_RELAY", "AGENTOPS_OPERATOR")
    environment = {f"{service}_{name}": address for service in services for name in names}
    assert from_environment(environment) == RuntimeSettings()


@pytest.mark.parametrize("name", ["AGENTOPS_WORKERS", "AGENTOPS_HTTP_PORT", "AGENTOPS_RELAY_RESOURCES"])
def test_wrong_value_names_its_variable(name: str) -> None:
    """A typo in a number or in JSON names the variable."""
    with pytest.raises(ValueError, match=name):
        from_environment({name: "many"})
