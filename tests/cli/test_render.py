"""`agentops render`: what the operator would apply."""

import json
import os
import random
from pathlib import Path

import pytest
import yaml

from tests.cli.runner import SAMPLES, run

GOLDEN = Path(__file__).parent / "golden"


def test_objects_are_the_golden_ones() -> None:
    """What would be applied in a team's namespace is as it was reviewed; shared objects have goldens of their own."""
    objects = list(yaml.safe_load_all(run("render", SAMPLES / "shop.yaml").stdout))
    own = [obj for obj in objects if obj["metadata"]["namespace"] == "shop"]
    got = yaml.safe_dump_all(own, sort_keys=False, width=130)
    golden = GOLDEN / "shop.objects.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()


def test_shared_objects_hold_what_the_agents_need() -> None:
    """The relay's table and back ends and the alert rules are made from all Agents of the manifests."""
    objects = {
        (obj["kind"], obj["metadata"]["name"]): obj for obj in yaml.safe_load_all(run("render", SAMPLES / "shop.yaml").stdout)
    }
    relay = objects["ConfigMap", "agentops-relay"]
    agent = json.loads(relay["data"]["agents.json"])["agents"]["shop/billing"]
    assert (agent["team"], agent["useCase"]) == ("payments", "invoices")
    assert agent["backends"] == ["agentops-system/traces/phoenix"]
    assert set(objects["ConfigMap", "agentops-alert-rules"]["data"]) == {"agentops-system.rules.yaml", "shop.rules.yaml"}


def test_order_of_manifests_does_not_matter() -> None:
    """The same manifests in any order give the same bytes, so that a diff shows changes only."""
    documents = (SAMPLES / "shop.yaml").read_text().split("---\n")
    want, shuffler = run("render", "-", stdin="---\n".join(documents)).stdout, random.Random(3)
    for _ in range(5):
        shuffled = "\n---\n".join(shuffler.sample(documents, len(documents)))
        assert run("render", "-", stdin=shuffled).stdout == want


def test_json_is_one_list() -> None:
    """Programs get one List, as from kubectl."""
    made = json.loads(run("render", SAMPLES / "shop.yaml", "-o", "json").stdout)
    assert made["kind"] == "List"
    assert len(made["items"]) == len(run("render", SAMPLES / "shop.yaml", "-o", "text").stdout.splitlines())


def test_output_of_kubectl_get_keeps_the_uid() -> None:
    """Objects that come from a cluster carry their uid, and the owner is then the real one."""
    before = "{name: billing, namespace: shop, labels"
    text = (SAMPLES / "shop.yaml").read_text().replace(before, "{uid: u-1, name: billing, namespace: shop, labels")
    first = next(yaml.safe_load_all(run("render", "-", stdin=text).stdout))
    assert first["metadata"]["ownerReferences"][0]["uid"] == "u-1"


def test_operator_namespace_decides_what_is_a_platform_policy() -> None:
    """A policy that selects namespaces is refused anywhere but in the operator's namespace."""
    result = run("render", SAMPLES / "shop.yaml", "--operator-namespace", "platform")
    assert result.exit_code == 1
    assert "TracePolicy agentops-system/traces: RefNotPermitted" in result.stderr


@pytest.mark.parametrize("sample", ["faults", "together"])
def test_what_is_not_accepted_yields_no_object_and_is_told(sample: str) -> None:
    """An Agent that would not be accepted is left out, as in the cluster, and named with the reason."""
    result = run("render", SAMPLES / f"{sample}.yaml")
    assert result.exit_code == 1
    assert "Agent shop/" in result.stderr
