"""Which pods are an Agent's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.agent.facts import Pod
from agentops_operator.agent.match import claim_keys, controllers, matches, pod_keys
from agentops_operator.agent.types import AgentSpec


def make_pod(name: str = "p", labels: dict[str, str] | None = None, owners: tuple[tuple[str, str], ...] = ()) -> Pod:
    """A pod with these labels and controllers."""
    return Pod(namespace="shop", name=name, uid=name, labels=labels or {}, owners=owners)


@pytest.mark.parametrize(
    ("pod", "want"),
    [
        pytest.param(
            make_pod(owners=(("ReplicaSet", "billing-abc"),), labels={"pod-template-hash": "abc"}),
            "Deployment/billing",
            id="deployment",
        ),
        pytest.param(make_pod(owners=(("StatefulSet", "db"),)), "StatefulSet/db", id="stateful set"),
        pytest.param(make_pod(owners=(("DaemonSet", "log"),)), "DaemonSet/log", id="daemon set"),
        pytest.param(make_pod(owners=(("Job", "once"),)), "Job/once", id="job"),
        pytest.param(make_pod(owners=(("Job", "nightly-29381760"),)), "CronJob/nightly", id="cron job"),
        pytest.param(make_pod("solo"), "Pod/solo", id="bare pod"),
        pytest.param(make_pod(labels={"app": "billing"}), "app=billing", id="label"),
    ],
)
def test_pod_is_found_by_key(pod: Pod, want: str) -> None:
    """A pod's keys can be computed from the pod alone."""
    assert want in pod_keys(pod)


def test_replica_set_without_the_template_hash_is_no_deployment() -> None:
    """A bare ReplicaSet with a name that merely looks like a Deployment's is not taken for one."""
    assert pod_keys(make_pod(owners=(("ReplicaSet", "billing-abc"),))) == ()


def test_kind_of_a_foreign_group_is_not_taken_for_ours() -> None:
    """A StatefulSet of another product is no workload that an Agent can name."""
    foreign = {"apiVersion": "apps.example.com/v1", "kind": "StatefulSet", "name": "db", "controller": True}
    assert pod_keys(make_pod(owners=controllers([foreign]))) == ()
    assert pod_keys(make_pod(owners=controllers([{**foreign, "apiVersion": "apps/v1"}]))) == ("StatefulSet/db",)


def test_in_expression_gives_a_key_for_each_value() -> None:
    """Without an equality, each value of an In expression leads to the entry."""
    spec = AgentSpec.model_validate(
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["b", "a"]}]}}
    )
    assert claim_keys(spec) == ("app=a", "app=b")


LABELS = st.dictionaries(st.sampled_from(["app", "tier", "env"]), st.sampled_from(["a", "b", "c"]), max_size=3)
EXPRESSION = st.one_of(
    st.builds(
        lambda key, op, values: {"key": key, "operator": op, "values": values},
        st.sampled_from(["app", "tier", "env"]),
        st.sampled_from(["In", "NotIn"]),
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2),
    ),
    st.builds(
        lambda key, op: {"key": key, "operator": op},
        st.sampled_from(["app", "tier"]),
        st.sampled_from(["Exists", "DoesNotExist"]),
    ),
)


@given(LABELS, st.lists(EXPRESSION, max_size=3), LABELS)
def test_every_selected_pod_is_found_by_a_key_of_the_selector(
    wanted: dict[str, str], expressions: list[dict[str, object]], labels: dict[str, str]
) -> None:
    """The index loses no pod: what the selector matches shares a key with it, if the selector has any."""
    spec = AgentSpec.model_validate({"podSelector": {"matchLabels": wanted, "matchExpressions": expressions}})
    pod = make_pod(labels=labels)
    keys = claim_keys(spec)
    if keys and matches(spec, pod):
        assert set(keys) & set(pod_keys(pod))
