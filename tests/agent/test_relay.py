"""The relay's objects, judged by the relay's own program."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from agentops_operator.agent.facts import RelaySettings, Settings
from agentops_operator.agent.plan import BackendUse
from agentops_operator.agent.relay import compile_relay
from agentops_operator.kube.quantity import quantity
from agentops_operator.policies.trace.presets import PRESETS
from agentops_operator.policies.trace.types import Backend, Preset
from demo.images import ROOT, build_programs

ROW = {"team": "payments", "useCase": "", "serviceAccountName": "", "backends": [], "samplePercent": 100}


def make_use(preset: Preset) -> BackendUse:
    """A backend of this system with a credential."""
    fields = {
        "name": str(preset),
        "preset": preset,
        "endpoint": None if PRESETS[preset].endpoint else "http://own:4318",
        "project": "p1",
        "credentials": {"secretName": "agentops-key", "key": "token"},
    }
    return BackendUse(f"agentops-system/platform/{preset}", "agentops-system", Backend.model_validate(fields))


def hostile_use() -> BackendUse:
    """A backend of a tenant whose every text means something to a collector."""
    word = "${nope:x} $1 $$ \x7f"
    headers = [{"name": "x-word", "value": word}, {"name": "x-empty", "value": ""}]
    fields = {"name": "x", "preset": "phoenix", "endpoint": "http://a:1/b", "project": word, "headers": headers}
    return BackendUse("shop/own/x", "shop", Backend.model_validate(fields))


USES = {use.name: use for use in map(make_use, Preset)}


@pytest.fixture(scope="session")
def collector() -> Path:
    """The relay's program, compiled from this tree."""
    build_programs(("agentops-collector",))
    return ROOT / "build" / "bin" / "agentops-collector"


HOSTILE = {"shop/own/x": hostile_use()}


@pytest.mark.parametrize("uses", [{}, USES, HOSTILE], ids=["no backend", "every preset", "texts that mean something"])
def test_configuration_is_accepted_by_the_relay(collector: Path, tmp_path: Path, uses: dict[str, BackendUse]) -> None:
    """What the operator renders is what the program takes, for no backend, for all, and whatever a tenant writes into its own."""
    config_map, _ = compile_relay({"shop/billing": ROW}, uses, Settings())
    file = tmp_path / "relay.yaml"
    file.write_text(config_map["data"]["relay.yaml"])
    done = subprocess.run([collector, "validate", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_fixed_part_is_the_one_in_the_image() -> None:
    """The program's own configuration and ours are one text: copy dataplane/collector/embed/relay.yaml when it changes."""
    ours = ROOT / "operator/agentops_operator/agent/relay_base.yaml"
    assert ours.read_text() == (ROOT / "dataplane/collector/embed/relay.yaml").read_text()


def test_only_secrets_that_policies_name_are_mounted_and_none_is_required() -> None:
    """A missing Secret stops one backend, never the relay."""
    _, relay = compile_relay({}, USES, Settings())
    volumes = [volume for volume in relay["spec"]["template"]["spec"]["volumes"] if "secret" in volume]
    assert [(v["secret"]["secretName"], v["secret"]["optional"]) for v in volumes] == [("agentops-key", True)]


def test_no_credential_stands_in_the_configuration() -> None:
    """Headers with credentials name files; values are fixed and public."""
    config_map, _ = compile_relay({}, USES, Settings())
    for name, extension in yaml.safe_load(config_map["data"]["relay.yaml"])["extensions"].items():
        for header in extension.get("headers", []) if name.startswith("agentops_headers/") else []:
            assert ("files" in header) != ("value" in header)


def test_store_and_queues_fit_on_the_volume() -> None:
    """An emptyDir over its limit would evict the relay with everybody's data."""
    settings = Settings(relay=RelaySettings(storage_size="2Gi", persistent=False))
    config_map, relay = compile_relay({}, USES, settings)
    config = yaml.safe_load(config_map["data"]["relay.yaml"])
    queues = sum(e["sending_queue"]["queue_size"] for e in config["exporters"].values() if e and "sending_queue" in e)
    environment = {e["name"]: e.get("value") for e in relay["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert queues + int(environment["AGENTOPS_STORE_MAX_BYTES"]) < quantity("2Gi")


def test_identity_table_does_not_depend_on_order() -> None:
    """Equal rows are equal bytes, or every restart would write the table."""
    one, _ = compile_relay({"a/x": ROW, "b/y": ROW}, {}, Settings())
    other, _ = compile_relay({"b/y": ROW, "a/x": ROW}, {}, Settings())
    assert one["data"]["agents.json"] == other["data"]["agents.json"]
    assert json.loads(one["data"]["agents.json"])["agents"].keys() == {"a/x", "b/y"}
