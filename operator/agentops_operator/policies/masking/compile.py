"""MaskingPolicies of one Agent, merged into the rules that its sidecar runs."""

from collections.abc import Iterable
from typing import Any

from agentops_operator.kube.digest import digest
from agentops_operator.policies.masking.types import STRENGTH, Action, MaskingPolicySpec, MaskingRule, Pack, PackUse

FORMAT = 1
MAX_STEM = 58  # of a name that gets a number: the engine takes 63 characters
MAX_REGEX_BYTES = 512
SAFE_DEFAULT = MaskingPolicySpec()  # the Credentials pack: what holds when no policy binds


def merge_masking(specs: Iterable[MaskingPolicySpec]) -> MaskingPolicySpec:
    """The union of all policies, the strictest action for each detector.

    Args:
        specs: policies in order of precedence, platform policies first; the first hash key wins, because placeholders
            of one Agent must be comparable.
    """
    merged = list(specs) or [SAFE_DEFAULT]
    hash_key = next((spec.hash_key for spec in merged if spec.hash_key is not None), None)
    # Not validated: the bounds of the schema are those of one policy, and a union may exceed them.
    return MaskingPolicySpec.model_construct(
        packs=_packs(merged),
        rules=_rules(merged),
        block_keys=sorted({key.lower() for spec in merged for key in spec.block_keys}),
        hash_key=hash_key,
    )


def fault(spec: MaskingPolicySpec) -> str:
    """What is wrong with the policy although its schema takes it: bytes, where the schema counts characters."""
    long = next((rule.name for rule in spec.rules if len(rule.regex.encode()) > MAX_REGEX_BYTES), None)
    return f"spec.rules[{long}].regex has more than {MAX_REGEX_BYTES} bytes: write a shorter expression" if long else ""


def stricter(one: Action, other: Action) -> Action:
    """The action that leaves less of a match."""
    return max(one, other, key=STRENGTH.index)


def _packs(specs: list[MaskingPolicySpec]) -> list[PackUse]:
    actions: dict[Pack, Action] = {}
    for use in (use for spec in specs for use in spec.packs):
        actions[use.name] = stricter(actions.get(use.name, use.action), use.action)
    actions.setdefault(Pack.CREDENTIALS, Action.REDACT)  # credentials never leave a pod, whatever the policies list
    return [PackUse(name=name, action=actions[name]) for name in Pack if name in actions]


def _rules(specs: list[MaskingPolicySpec]) -> list[MaskingRule]:
    """Rules in order of precedence; the same expression twice is one rule with the stricter action."""
    merged: dict[tuple[str, str], MaskingRule] = {}
    for rule in (rule for spec in specs for rule in spec.rules):
        seen = merged.get((rule.name, rule.regex))
        action = rule.action if seen is None else stricter(seen.action, rule.action)
        merged[(rule.name, rule.regex)] = rule.model_copy(update={"action": action})
    return _distinct_names(list(merged.values()))


def _distinct_names(rules: list[MaskingRule]) -> list[MaskingRule]:
    """Two policies may use one name for different expressions; the later ones get a number, so that both stay in force."""
    taken: set[str] = set()
    result = []
    for rule in rules:
        name, number = rule.name, 2
        while name in taken:
            name, number = f"{rule.name[:MAX_STEM]}-{number}", number + 1
        taken.add(name)
        result.append(rule.model_copy(update={"name": name}))
    return result


def rules_file(spec: MaskingPolicySpec, capture: str) -> dict[str, Any]:
    """The rules file of docs/contracts.md section 2, with its digest."""
    content: dict[str, Any] = {
        "version": FORMAT,
        "capture": capture,
        "packs": [use.dump() for use in spec.packs],
        "rules": [rule.dump() for rule in spec.rules],
        "blockKeys": spec.block_keys,
    }
    if spec.hash_key is not None:
        content["hashKey"] = "current"
    return {**content, "digest": digest(content)}
