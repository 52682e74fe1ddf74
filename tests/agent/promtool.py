"""The real judge of alert rules: `promtool`, of the Debian package `prometheus`."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentops_operator.agent.alert_rules import rule_file, rule_group

HOME = "agentops-system"
TEMPLATE = re.compile(r"\{\{ \$(value|labels\.(\w+)) \}\}")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs promtool; without it a developer's run skips, and CI fails, because a skipped judge approves everything."""
    program = shutil.which("promtool")
    if program is None:
        message = "promtool is missing: `make promtool`, or install Debian's package prometheus"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def fired(namespace: str, alert: str, labels: dict[str, str], value: str) -> dict[str, Any]:
    """An alert as promtool expects it: all labels, and annotations with their templates filled in."""
    rule = next(rule for rule in rule_group(namespace, HOME)["rules"] if rule.get("alert") == alert)
    every = labels | rule["labels"]

    def fill(text: str) -> str:
        return TEMPLATE.sub(lambda hit: value if hit[1] == "value" else every[hit[2]], text)

    return {"exp_labels": every, "exp_annotations": {name: fill(text) for name, text in rule["annotations"].items()}}


def judge(
    folder: Path, namespace: str, series: dict[str, str], alert: str, at: str, expected: list[dict[str, Any]]
) -> subprocess.CompletedProcess[str]:
    """Plays series to the namespace's rules, one value a minute, and compares the alerts that fire."""
    (folder / "rules.yaml").write_text(rule_file(namespace, HOME))
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": expected}],
    }
    test = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (folder / "test.yaml").write_text(yaml.safe_dump(test))
    return promtool("test", "rules", folder / "test.yaml")
