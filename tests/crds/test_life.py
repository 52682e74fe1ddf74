"""What the API server does with our objects over their life: defaults, repeated applies, changes, tables."""

import copy
from typing import Any

import pytest
import yaml

from agentops_operator.generate.crds import crd
from agentops_operator.generate.kinds import ALL
from agentops_operator.generate.reference import example
from tests.cluster_access import Kubectl
from tests.generate.schemas import KINDS

pytestmark = pytest.mark.cluster
API = "agentops.dev/v1alpha1"


def _object(kind: str, name: str, namespace: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **content}


def _example(kind: str, name: str, namespace: str) -> dict[str, Any]:
    document = yaml.safe_load(example(KINDS[kind]))
    return {**document, "metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize("kind", KINDS)
def test_applying_the_same_object_again_changes_nothing(kind: str, kubectl: Kubectl, namespace: str) -> None:
    """GitOps tools apply every few minutes; a write each time would wake every watcher."""
    document = _example(kind, "again", namespace)
    seen = []
    for _ in range(3):
        kubectl.apply(document)
        metadata = kubectl.get(f"{KINDS[kind].plural}.agentops.dev", "again", "-n", namespace)["metadata"]
        seen.append((metadata["generation"], metadata["resourceVersion"]))
    # The first update after the creation may store the default of the status; the spec's generation shows that it did no more.
    assert seen[0][0] == seen[1][0] == seen[2][0]
    assert seen[1] == seen[2]


def test_masking_policy_without_fields_masks_credentials(kubectl: Kubectl, namespace: str) -> None:
    """The shortest policy is a safe one, and shows what it does."""
    kubectl.apply(_object("MaskingPolicy", "short", namespace, spec={}))
    spec = kubectl.get("maskingpolicy", "short", "-n", namespace)["spec"]
    assert spec == {
        "agentSelector": {"matchLabels": {}, "matchExpressions": []},
        "packs": [{"name": "Credentials", "action": "Redact"}],
        "rules": [],
        "blockKeys": [],
        "gateway": {
            "input": {"detectors": "Report", "promptInjection": "Report"},
            "output": {"detectors": "Report", "harmfulOutput": "Report"},
        },
    }


def test_trace_policy_without_fields_captures_nothing(kubectl: Kubectl, namespace: str) -> None:
    """Content is kept only where somebody asked for it."""
    kubectl.apply(_object("TracePolicy", "short", namespace, spec={}))
    spec = kubectl.get("tracepolicy", "short", "-n", namespace)["spec"]
    assert (spec["capture"], spec["sampling"], spec["optOut"], spec["onBypass"]) == ("None", {"percent": 100}, "Denied", "Report")
    assert "allowedBackends" not in spec  # an empty list would forbid every backend


def test_nothing_is_filled_into_the_entries_of_an_index(kubectl: Kubectl, namespace: str) -> None:
    """Defaults in each of 5,000 entries would more than double the object; who reads an entry takes absence for them."""
    entry = {"agent": "a", "rules": "r"}
    kubectl.apply(_object("InjectionIndex", "defaults", namespace, agents={"app=a": [entry]}))
    (found,) = kubectl.get("injectionindex", "defaults", "-n", namespace)["agents"]["app=a"]
    assert found == entry


def test_new_object_is_not_yet_observed(kubectl: Kubectl, namespace: str) -> None:
    """Tools that read kstatus wait for it, because -1 is no generation."""
    # No target of this name exists anywhere; a running operator may have written a status since, with a generation of 1.
    kubectl.apply(_object("EvalPolicy", "new", namespace, spec=_example("EvalPolicy", "new", namespace)["spec"]))
    status = kubectl.get("evalpolicy", "new", "-n", namespace)["status"]
    assert status["observedGeneration"] in (-1, 1)


def test_status_is_written_beside_the_spec_and_never_with_it(kubectl: Kubectl, namespace: str) -> None:
    """Whoever may write specs cannot claim that an Agent is traced."""
    document = _example("Agent", "claims", namespace)
    kubectl.apply({**document, "status": {"traced": "9/9"}})
    assert kubectl.get("agent", "claims", "-n", namespace)["status"].get("traced") != "9/9"
    written = _object("Agent", "claims", namespace, status={"traced": "1/1", "observedGeneration": 1})
    kubectl.apply(written, args=("--subresource=status", "--field-manager=crd-test", "--force-conflicts"))
    assert kubectl.get("agent", "claims", "-n", namespace)["metadata"]["generation"] == 1


def test_record_cannot_be_changed(kubectl: Kubectl, namespace: str) -> None:
    """A verdict stays what it was, whoever asks."""
    run = _example("EvalRun", "verdict", namespace)
    kubectl.apply(run)
    for change in ({"verdict": "Pass"}, {"reason": "mended"}, {"datasetDigest": "sha256:1"}):
        patch = yaml.safe_dump({"spec": change})
        result = kubectl.run("patch", "evalrun", "verdict", "-n", namespace, "--type=merge", "-p", patch)
        assert "EvalRun is a record: it never changes" in result.stderr
    removal = '[{"op": "remove", "path": "/spec/reason"}]'
    assert kubectl.run("patch", "evalrun", "verdict", "-n", namespace, "--type=json", "-p", removal).returncode != 0
    kubectl("annotate", "evalrun", "verdict", "-n", namespace, "note=metadata-may-change")


def test_two_managers_share_a_list_by_name(kubectl: Kubectl, namespace: str) -> None:
    """A team adds a backend to a policy without taking over those of others."""
    for name, preset in (("a", "langfuse"), ("b", "opik")):
        spec = {"backends": [{"name": name, "preset": preset}]}
        kubectl.apply(_object("TracePolicy", "shared", namespace, spec=spec), args=(f"--field-manager=crd-{name}",))
    found = kubectl.get("tracepolicy", "shared", "-n", namespace)["spec"]["backends"]
    assert sorted(entry["name"] for entry in found) == ["a", "b"]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.columns], ids=lambda kind: kind.kind)
def test_table_has_our_columns(kind: Any, kubectl: Kubectl, namespace: str) -> None:
    """`kubectl get` answers the first question without a look at the YAML."""
    kubectl.apply(_example(kind.kind, "table", namespace))
    wide = kubectl("get", kind.plural, "-n", namespace, "-o", "wide")
    assert ["NAME", *(column.name.upper() for column in kind.columns)] == wide.splitlines()[0].split()
    short = kubectl("get", kind.plural, "-n", namespace)
    assert ["NAME", *(column.name.upper() for column in kind.columns if not column.priority)] == short.splitlines()[0].split()


def test_category_lists_every_kind_that_people_write(kubectl: Kubectl, namespace: str) -> None:
    """One command shows all that is declared in a namespace."""
    for kind in ALL:
        kubectl.apply(_example(kind.kind, "listed", namespace))
    listed = kubectl("get", "agentops", "-n", namespace, "-o", "name").splitlines()
    assert {f"{kind.singular}.agentops.dev/listed" for kind in ALL if not kind.internal} <= set(listed)
    assert not [name for name in listed if name.startswith("injectionindex")]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.short_names], ids=lambda kind: kind.kind)
def test_short_names_work(kind: Any, kubectl: Kubectl, namespace: str) -> None:
    """Short names reach our kinds and nobody else's."""
    for name in kind.short_names:
        assert kubectl.run("get", name, "-n", namespace).returncode == 0


def test_explain_describes_a_nested_field(kubectl: Kubectl) -> None:
    """The reference is in the cluster, too."""
    assert "RE2 expression" in kubectl("explain", "maskingpolicies.spec.rules.regex")


def test_tightened_rule_spares_stored_values_that_nobody_touches(kubectl: Kubectl, namespace: str) -> None:
    """An upgrade that adds a rule must not block changes to the rest of an object, nor its status."""
    definition = _copy_of("Agent", "Ratchet", "ratchets")
    kubectl.apply(definition)
    try:
        kubectl("wait", "--for=condition=Established", "--timeout=60s", f"crd/{definition['metadata']['name']}")
        old = {"targetRef": {"kind": "Pod", "name": "old-name"}}
        stored = {**_object("Ratchet", "old", namespace, spec=old), "apiVersion": "test.agentops.dev/v1alpha1"}
        kubectl.apply(stored)
        kubectl.apply(_tightened(definition))
        _until_refused(kubectl, {**stored, "metadata": {"name": "new", "namespace": namespace}})
        kubectl.apply({**stored, "spec": {**old, "useCase": "still-editable"}})
        changed = {"targetRef": {"kind": "Pod", "name": "old-other"}}
        result = kubectl.run("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump({**stored, "spec": changed}))
        assert "name must not begin with old" in result.stderr
    finally:
        kubectl("delete", "crd", definition["metadata"]["name"], "--wait=false")


def _copy_of(kind: str, name: str, plural: str) -> dict[str, Any]:
    """The same schema under a group of its own, so that no other test sees its rules change."""
    definition = copy.deepcopy(crd(KINDS[kind]))
    definition["metadata"]["name"] = f"{plural}.test.agentops.dev"
    definition["spec"]["group"] = "test.agentops.dev"
    definition["spec"]["names"] = {"kind": name, "listKind": f"{name}List", "plural": plural, "singular": name.lower()}
    return definition


def _tightened(definition: dict[str, Any]) -> dict[str, Any]:
    tight = copy.deepcopy(definition)
    schema = tight["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    target = schema["properties"]["spec"]["properties"]["targetRef"]["properties"]["name"]
    target["x-kubernetes-validations"] = [{"rule": "!self.startsWith('old')", "message": "name must not begin with old"}]
    return tight


def _until_refused(kubectl: Kubectl, document: dict[str, Any]) -> None:
    """Waits until the API server serves the tightened schema: it swaps schemas a moment after it accepted them."""
    for _ in range(100):
        result = kubectl.run("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(document))
        if "name must not begin with old" in result.stderr:
            return
    raise AssertionError(f"the new rule never came into force: {result}")


HUGE = 1_400_000  # bytes: just below what etcd stores
LARGE = {
    "one expression": {"rules": [{"name": "r", "regex": "x" * HUGE, "canary": "x"}]},
    "many rules": {"rules": [{"name": f"r{n}", "regex": "x" * 500, "canary": "x"} for n in range(HUGE // 540)]},
    "a field that nobody knows": {"notes": "x" * HUGE},
}


@pytest.mark.parametrize("what", LARGE)
def test_spec_as_large_as_an_object_may_be_is_refused_in_a_few_words(what: str, kubectl: Kubectl, namespace: str) -> None:
    """The answer names the field, and does not send back what it was sent."""
    document = yaml.safe_dump(_object("MaskingPolicy", "large", namespace, spec=LARGE[what]))
    result = kubectl.run("apply", "--server-side", "-f", "-", stdin=document)
    assert result.returncode != 0
    assert f"spec.{next(iter(LARGE[what]))}" in result.stderr
    assert len(result.stderr) < 1500, len(result.stderr)
