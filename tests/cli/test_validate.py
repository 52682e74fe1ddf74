"""`agentops validate`: findings with file, line, field and mend."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from agentops_operator.cli import rules
from agentops_operator.cli.validate import examine
from agentops_operator.cli.world import World
from agentops_operator.generate.crds import root_schema
from agentops_operator.generate.kinds import ALL
from tests.cli.runner import SAMPLES, run

GOLDEN = Path(__file__).parent / "golden"
SARIF = json.loads((Path(__file__).parent / "sarif-2.1.0.subset.json").read_text())
SERVER_CASES = Path(__file__).parents[1] / "crds" / "cases"
WANT = "# want: "
OWN_RULES = ("schema", "rule", "yaml", "unknown-kind")


@pytest.mark.parametrize("sample", ["shop", "faults", "together"])
def test_findings_are_the_golden_ones(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Place, field, message and mend of every finding are as they were reviewed."""
    monkeypatch.chdir(SAMPLES)
    got = run("validate", f"{sample}.yaml").stdout
    golden = GOLDEN / f"{sample}.findings.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(got)
    assert got == golden.read_text()


def _server_cases() -> list[Path]:
    found = sorted(SERVER_CASES.rglob("*.yaml"))
    return [path for path in found if path.parent.name != "InjectionIndex"]  # no kind for manifests


@pytest.mark.parametrize("path", _server_cases(), ids=lambda path: f"{path.parent.name}: {path.stem}")
def test_offline_verdict_is_that_of_the_api_server(path: Path) -> None:
    """What the real API server was seen to refuse is refused here too, and nothing else."""
    refused = path.read_text().startswith(WANT)
    findings = examine([str(path)], "agentops-system", "default").findings
    assert refused == any(item.rule in OWN_RULES for item in findings), [item.text for item in findings]


def _every_rule(schema: Any) -> set[str]:
    own = {rule["rule"] for rule in schema.get(rules.RULES, ())}
    inner = [
        *schema.get("properties", {}).values(),
        *(schema[name] for name in ("items", "additionalProperties") if name in schema),
    ]
    return own.union(*(_every_rule(item) for item in inner if isinstance(item, dict)))


def test_every_rule_of_the_api_is_told_offline_or_named_as_the_servers() -> None:
    """A rule that was added to the API and forgotten here would be passed over in silence."""
    known = set(rules.OFFLINE) | set(rules.SERVER_ONLY)
    assert known == set().union(*(_every_rule(root_schema(kind)) for kind in ALL))


def test_fault_is_shown_at_its_line() -> None:
    """A reviewer is led to the very line, also in a list inside a List."""
    text = yaml.safe_dump({"kind": "List", "items": [{"apiVersion": "agentops.dev/v1alpha1", "kind": "Agent"}]})
    assert "stdin:2:3: error: Agent: metadata.name is missing" in run("validate", "-", stdin=text).stdout


def test_json_names_field_value_and_mend() -> None:
    """Programs read field, value and mend without parsing a sentence."""
    found = json.loads(run("validate", SAMPLES / "faults.yaml", "-o", "json").stdout)
    percent = next(item for item in found["findings"] if item["field"] == "spec.sampling.percent")
    assert (percent["value"], percent["line"], percent["level"]) == ("'50'", 33, "error")
    assert percent["mend"] == "input should be a valid integer"
    assert found["unchecked"]


def test_yaml_holds_the_same_as_json() -> None:
    """The two formats differ in nothing but syntax."""
    arguments = ("validate", SAMPLES / "faults.yaml", "-o")
    assert yaml.safe_load(run(*arguments, "yaml").stdout) == json.loads(run(*arguments, "json").stdout)


@pytest.mark.parametrize("sample", ["shop", "faults", "together"])
def test_sarif_is_valid_and_complete(sample: str) -> None:
    """Code hosts take the log, and it holds each finding with its rule and place."""
    log = json.loads(run("validate", SAMPLES / f"{sample}.yaml", "-o", "sarif").stdout)
    jsonschema.validate(log, SARIF)
    driver, results = log["runs"][0]["tool"]["driver"], log["runs"][0]["results"]
    examined = examine([str(SAMPLES / f"{sample}.yaml")], "agentops-system", "default")
    assert len(results) == len(examined.findings)
    assert all(driver["rules"][item["ruleIndex"]]["id"] == item["ruleId"] for item in results)
    assert len({item["partialFingerprints"]["agentops/v1"] for item in results}) == len(results)
    assert len(log["runs"][0]["invocations"][0]["toolExecutionNotifications"]) == len(examined.unchecked)


def test_what_only_the_server_checks_is_said() -> None:
    """A clean run must not claim more than it did."""
    result = run("validate", SAMPLES / "shop.yaml")
    assert result.exit_code == 0
    assert "Only the API server checks: admission policies and quotas" in result.stderr


def test_rule_on_changes_is_left_to_the_server_where_there_is_such_an_object() -> None:
    """A reader of Agents is not told what only a RunHold has."""
    hold = yaml.safe_dump(
        {
            "apiVersion": "agentops.dev/v1alpha1",
            "kind": "RunHold",
            "metadata": {"name": "one", "namespace": "shop"},
            "spec": {"agent": "billing", "run": "order-1", "number": 1},
        }
    )
    assert "RunHold shop/one: a decision is made once" in run("validate", "-", stdin=hold).stderr


def test_agents_are_not_compared_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifests of a large platform are checked in a pipeline, where somebody waits."""
    compared: list[Any] = []
    monkeypatch.setattr(World, "_rival", lambda _, agent, other: compared.append((agent, other)) or False)
    head = "---\napiVersion: agentops.dev/v1alpha1\nkind: Agent\n"
    one = head + "metadata: {{name: a{0}}}\nspec: {{targetRef: {{kind: Job, name: a{0}}}}}\n"
    assert "objects: 50, errors: 0" in run("validate", "-", stdin="".join(map(one.format, range(50)))).stdout
    assert all(agent is other for agent, other in compared)


def test_warnings_fail_only_when_strict() -> None:
    """A selector that matches nothing here may match elsewhere, so it stops nobody unless asked to."""
    lonely = {
        "apiVersion": "agentops.dev/v1alpha1",
        "kind": "MaskingPolicy",
        "metadata": {"name": "lonely", "namespace": "shop"},
        "spec": {"agentSelector": {"matchLabels": {"tier": "silver"}}},
    }
    text = (SAMPLES / "shop.yaml").read_text() + "---\n" + yaml.safe_dump(lonely)
    assert run("validate", "-", stdin=text).exit_code == 0
    assert run("validate", "-", "--strict", stdin=text).exit_code == 1


def test_bypass_is_an_error_where_a_policy_denies_it() -> None:
    """With onBypass: Deny the pods would not start, so the pipeline stops before them."""
    text = (SAMPLES / "together.yaml").read_text().replace("allowedBackends: [phoenix]", "onBypass: Deny")
    findings = json.loads(run("validate", "-", "-o", "json", stdin=text).stdout)["findings"]
    bypassed = [item for item in findings if item["rule"] == "bypassed"]
    assert [item["level"] for item in bypassed] == ["error"]
    assert "onBypass: Deny" in bypassed[0]["message"]


@pytest.mark.parametrize(
    ("text", "line"), [("a: [1,\n", 2), ("{{ template }}: x\n", 1), ("a: b\n  c: d\n", 2)], ids=["cut", "template", "indent"]
)
def test_what_is_no_yaml_is_a_finding_with_its_line(text: str, line: int) -> None:
    """A broken file is told like any other fault, not as a stack trace."""
    result = run("validate", "-", stdin=text)
    assert result.exit_code == 1
    assert f"stdin:{line}:" in result.stdout
    assert "[yaml]" in result.stdout


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n---\n", "just text\n", "[1, 2]\n", "apiVersion: v1\nkind: ConfigMap\n"]
)
def test_what_holds_nothing_of_ours_is_fine(text: str) -> None:
    """Other objects in a stream are none of our business."""
    assert run("validate", "-", stdin=text).exit_code == 0


@pytest.mark.parametrize("spec", ["text", [1], None, 5])
def test_spec_of_any_shape_is_a_finding(spec: object) -> None:
    """Whatever stands there, the answer is a finding, never a crash."""
    body = {"apiVersion": "agentops.dev/v1alpha1", "kind": "Agent", "metadata": {"name": "a"}, "spec": spec}
    assert run("validate", "-", stdin=yaml.safe_dump(body)).exit_code == 1


def test_path_that_does_not_exist_is_wrong_usage() -> None:
    """A typo in a path must not pass as a clean run."""
    result = run("validate", "no-such-folder")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_folder_without_manifests_is_wrong_usage(tmp_path: Path) -> None:
    """A pipeline that points at the wrong folder must not be green."""
    (tmp_path / "README.md").write_text("no manifest")
    assert run("validate", tmp_path).exit_code == 2


def test_hidden_folders_are_left_out(tmp_path: Path) -> None:
    """Files of a repository's own store are no manifests."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "broken.yaml").write_text("a: [")
    (tmp_path / "fine.yaml").write_text((SAMPLES / "shop.yaml").read_text())
    assert run("validate", tmp_path).exit_code == 0
