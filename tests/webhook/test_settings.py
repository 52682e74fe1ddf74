"""What the process reads of its environment."""

import json

import pytest

from agentops_operator.webhook.settings import from_environment

ADDRESSES = {"relay": "http://r:1", "relayApi": "http://r:2", "gateway": "http://g:3"}
SIDECAR = json.dumps({"image": "r/c:1", "repository": "r/c", "version": "1", "extraEnv": {"B": "2"}, **ADDRESSES})


def test_sidecar_comes_from_one_variable() -> None:
    """The chart writes all about the sidecar in one place."""
    settings = from_environment({"AGENTOPS_SIDECAR": SIDECAR, "AGENTOPS_WATCH_NAMESPACES": "a, b", "AGENTOPS_WEBHOOK_PORT": "9"})
    assert (settings.sidecar.relay_api, settings.sidecar.gateway) == ("http://r:2", "http://g:3")
    assert settings.sidecar.extra_env == {"B": "2"}
    assert (settings.namespaces, settings.port) == (("a", "b"), 9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AGENTOPS_SIDECAR": ""}, "AGENTOPS_SIDECAR must be a JSON object"),
        ({"AGENTOPS_SIDECAR": "[]"}, "AGENTOPS_SIDECAR must be a JSON object"),
        ({"AGENTOPS_SIDECAR": '{"imag": "x"}'}, "'imag'"),
        ({"AGENTOPS_SIDECAR": '{"image": "x"}'}, "repository"),
        ({"AGENTOPS_WEBHOOK_PORT": "https"}, "AGENTOPS_WEBHOOK_PORT must be a number"),
    ],
)
def test_wrong_setting_is_named(changes: dict[str, str], message: str) -> None:
    """A process that starts with half of its settings would inject a sidecar that cannot start."""
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        from_environment({"AGENTOPS_SIDECAR": SIDECAR, **changes})
