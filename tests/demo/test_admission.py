"""How it is found out that admission knows an entry of the injection index."""

import json

import pytest

from agentops_operator.agent.match import controllers, keys_of
from demo.admission import admits, pod_of
from devcluster.errors import DevclusterError

KEYS = ("Deployment/x", "StatefulSet/x", "DaemonSet/x", "Job/x", "CronJob/x", "Pod/x", "app=x")
ENTRY = {"agent": "x", "gateway": "Refuse", "rules": "x-rules"}


@pytest.mark.parametrize("key", KEYS)
def test_pod_is_one_that_the_key_means(key: str) -> None:
    """By the operator's own reading."""
    made = pod_of(key)["metadata"]
    assert key in keys_of(made.get("labels", {}), controllers(made.get("ownerReferences", ())), made["name"])


def _answers(notes: dict[str, str], rules: str) -> bool:
    made = {"metadata": {"annotations": notes}, "spec": {"volumes": [{"configMap": {"name": rules}}]}}
    return admits(lambda *_, stdin: json.dumps(made), "shop", "Pod/x", ENTRY)


def test_older_entry_is_not_the_entry() -> None:
    """A pod without the gateway, or with other rules, comes from what was in the index before."""
    whole = {"agentops.dev/agent": "x", "agentops.dev/gateway": "Refuse"}
    assert _answers(whole, "x-rules")
    assert not _answers(whole, "older-rules")
    assert not _answers({"agentops.dev/agent": "x"}, "x-rules")
    assert not _answers({}, "")


@pytest.mark.parametrize(
    ("told", "knows"),
    [
        ('pods "asked" is forbidden: maximum memory usage per Container is 128Mi, but limit is 192Mi', True),
        ('pods "asked" is forbidden: exceeded quota: all', True),
        ("pods \"asked\" is forbidden: ValidatingAdmissionPolicy 'agentops-require' denied request", False),
        ('pods "asked" is forbidden: error looking up service account shop/default', False),
    ],
)
def test_refusal_because_of_the_sidecar_is_one_of_a_range_or_a_quota(told: str, *, knows: bool) -> None:
    """What else refuses a pod says nothing about the index."""

    def refuses(*_: str, stdin: str) -> str:
        raise DevclusterError(told)

    assert admits(refuses, "shop", "Pod/x", ENTRY) is knows
