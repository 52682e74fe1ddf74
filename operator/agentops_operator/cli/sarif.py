"""Findings as SARIF 2.1.0, which code hosts show beside the changed lines."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from agentops_operator import __version__
from agentops_operator.cli.finding import RULES, Finding
from agentops_operator.kube.digest import short

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding], unchecked: Sequence[str]) -> dict[str, Any]:
    """The log of one run.

    Args:
        findings: what was found.
        unchecked: what only the API server checks; told as notifications, so that a clean run claims no more than it did.
    """
    rules = list(RULES)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "agentops",
                        "version": __version__,
                        "rules": [{"id": rule, "shortDescription": {"text": RULES[rule]}} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {"level": "note", "message": {"text": f"Only the API server checks {text}."}} for text in unchecked
                        ],
                    }
                ],
                "results": [_result(item, rules.index(item.rule)) for item in findings],
            }
        ],
    }


def _result(item: Finding, index: int) -> dict[str, Any]:
    return {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": str(item.level),
        "message": {"text": f"{item.object}: {item.text}" if item.object else item.text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(item.file)},
                    "region": {"startLine": item.position.line, "startColumn": item.position.column},
                }
            }
        ],
        # Without the line: a finding that only moved is not a new one.
        "partialFingerprints": {"agentops/v1": short([item.file, item.rule, item.object, item.field, item.message])},
    }
