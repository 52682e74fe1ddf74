"""Merging of MaskingPolicies."""

from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.policies.masking.compile import merge_masking, rules_file
from agentops_operator.policies.masking.types import STRENGTH, Action, MaskingPolicySpec, Pack

SPECS = st.builds(
    lambda packs: MaskingPolicySpec.model_validate({"packs": [{"name": n, "action": a} for n, a in packs.items()]}),
    st.dictionaries(st.sampled_from(list(Pack)), st.sampled_from(list(Action)), max_size=4),
)


def rule(name: str, regex: str, action: str = "Redact") -> dict[str, object]:
    """An own rule."""
    return {"name": name, "regex": regex, "action": action, "canary": "x"}


@given(st.lists(SPECS, max_size=4), SPECS)
def test_adding_a_policy_never_weakens_masking(specs: list[MaskingPolicySpec], more: MaskingPolicySpec) -> None:
    """Each detector that was on stays on, with an action at least as strict; Credentials alone may be chosen when unsaid."""
    before = {use.name: use.action for use in merge_masking(specs).packs}
    after = {use.name: use.action for use in merge_masking([*specs, more]).packs}
    named = {use.name for spec in specs for use in spec.packs}
    assert Pack.CREDENTIALS in after
    assert all(STRENGTH.index(after[name]) >= STRENGTH.index(before[name]) for name in before if name in named)


def test_two_rules_of_one_name_both_stay_in_force() -> None:
    """A tenant cannot switch off a platform rule by taking its name."""
    platform = MaskingPolicySpec.model_validate({"rules": [rule("order", "ORD-[0-9]+")]})
    tenant = MaskingPolicySpec.model_validate({"rules": [rule("order", "never-matches-this")]})
    assert [(r.name, r.regex) for r in merge_masking([platform, tenant]).rules] == [
        ("order", "ORD-[0-9]+"),
        ("order-2", "never-matches-this"),
    ]


def test_rules_file_is_equal_for_equal_policies() -> None:
    """The digest speaks of content, or sidecars would never be current."""
    spec = MaskingPolicySpec.model_validate({"rules": [rule("order", "ORD-[0-9]+")], "blockKeys": ["B", "a"]})
    assert rules_file(merge_masking([spec]), "None") == rules_file(merge_masking([spec, spec]), "None")
