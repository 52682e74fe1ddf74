"""The operator's permissions, from what each kind says its children need; nothing is granted beside it."""

from collections.abc import Iterable

from agentops_operator.api.kind import GROUP, KindInfo, Rule
from agentops_operator.api.model import Json
from agentops_operator.generate.kinds import ALL

READ = ("get", "list", "watch")
RECORD = (*READ, "create", "delete")
APPLY = ("get", "list", "watch", "create", "patch", "delete")

# What the operator needs in its own namespace only: the election, and the parts that all Agents share.
SHARED = (
    Rule("coordination.k8s.io", ("leases",), ("get", "create", "update", "patch")),
    Rule("apps", ("statefulsets", "deployments"), APPLY),
    Rule("", ("configmaps", "services"), APPLY),
)


def permissions() -> dict[str, Json]:
    """The rules of the ClusterRole, and those of the Role in the operator's namespace."""
    return {
        "rules": [_policy_rule(rule) for rule in _joined([*_own(ALL), *(rule for kind in ALL for rule in kind.rules)])],
        "namespaceRules": [_policy_rule(rule) for rule in _joined(SHARED)],
    }


def _own(kinds: Iterable[KindInfo]) -> list[Rule]:
    """Kinds that people write are read, and only their status is written; the others are the operator's own.

    Records that people decide on are made and removed, and never changed.
    """
    rules = []
    for kind in kinds:
        rules.append(Rule(GROUP, (kind.plural,), RECORD if kind.record else READ if kind.status else APPLY))
        if kind.status:
            rules.append(Rule(GROUP, (f"{kind.plural}/status",), ("patch",)))
    return rules


def _joined(rules: Iterable[Rule]) -> list[Rule]:
    """One rule for all resources of a group that have the same verbs; the verbs of a resource named twice add up."""
    verbs: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}
    for rule in rules:
        for resource in rule.resources:
            known = verbs.get((rule.group, resource, rule.names), ())
            verbs[rule.group, resource, rule.names] = tuple(dict.fromkeys((*known, *rule.verbs)))
    resources: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, resource, names), allowed in verbs.items():
        resources.setdefault((group, allowed, names), []).append(resource)
    return [Rule(group, tuple(found), allowed, names) for (group, allowed, names), found in resources.items()]


def _policy_rule(rule: Rule) -> dict[str, Json]:
    named = {"resourceNames": list(rule.names)} if rule.names else {}
    return {"apiGroups": [rule.group], "resources": list(rule.resources), **named, "verbs": list(rule.verbs)}
