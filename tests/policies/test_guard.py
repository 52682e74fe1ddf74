"""Merging of MaskingPolicies into guardrails."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.policies.masking.guard import acts, guardrails
from agentops_operator.policies.masking.types import GUARD_STRICTNESS, Guard, MaskingPolicySpec, Pack

MODES = st.sampled_from(list(Guard))
RULE = {"name": "order", "regex": "ORD-[0-9]+", "canary": "ORD-1"}


def spec(*packs: Pack, rules: tuple[dict[str, str], ...] = (), **gateway: Any) -> MaskingPolicySpec:
    """A policy."""
    return MaskingPolicySpec.model_validate({"packs": [{"name": name} for name in packs], "rules": rules, "gateway": gateway})


SPECS = st.builds(
    lambda packs, own, one, two, three: spec(
        *packs,
        rules=(RULE,) if own else (),
        input={"detectors": one, "promptInjection": two},
        output={"detectors": three},
    ),
    st.sets(st.sampled_from(list(Pack)), max_size=3),
    st.booleans(),
    MODES,
    MODES,
    MODES,
)


def modes(specs: list[MaskingPolicySpec], place: str) -> dict[str, Guard]:
    """The mode of each detector in a place."""
    made = guardrails(specs)
    found: dict[str, Guard] = {}
    for name in getattr(made, place):
        entry = made.entries[name]
        rules = entry.get("rules", {})
        detectors = [*entry.get("builtIn", []), *(one["name"] for part in ("packs", "rules") for one in rules.get(part, []))]
        assert not found.keys() & set(detectors), "each detector stands in one guardrail of a place"
        found |= dict.fromkeys(detectors, Guard(entry["mode"]))
    return found


@given(st.lists(SPECS, min_size=1, max_size=3), SPECS)
def test_adding_a_policy_never_weakens_a_guardrail(specs: list[MaskingPolicySpec], more: MaskingPolicySpec) -> None:
    """A tenant's policy beside the platform's leaves every detector as strict as it was, or stricter."""
    for place in ("input", "output"):
        before, after = modes(specs, place), modes([*specs, more], place)
        assert all(GUARD_STRICTNESS.index(after[name]) >= GUARD_STRICTNESS.index(mode) for name, mode in before.items())


def test_without_a_policy_nobody_asked_for_a_guardrail() -> None:
    """The safe default of telemetry is none of calls: there nothing leaves that the agent did not send on purpose."""
    assert not guardrails([]).entries


def test_policy_that_does_not_speak_of_the_gateway_only_reports() -> None:
    """A request that is masked is another request, so that is asked for and never assumed."""
    assert set(modes([spec(Pack.EMAIL)], "input").values()) == {Guard.REPORT}
    assert set(modes([spec(Pack.EMAIL)], "output").values()) == {Guard.REPORT}
    assert not acts(spec(Pack.EMAIL))


def test_detector_has_the_mode_of_the_policies_that_have_it() -> None:
    """A platform that blocks credentials does not make a tenant's report on telephone numbers a refusal."""
    platform = spec(Pack.CREDENTIALS, input={"detectors": "Block"})
    assert modes([platform, spec(Pack.PHONE)], "input") == {
        "Credentials": Guard.BLOCK,
        "Phone": Guard.REPORT,
        "PromptInjection": Guard.REPORT,
    }


def test_rules_bear_the_names_that_the_sidecar_reports() -> None:
    """Two rules of one name both stay, and the second has the same number behind its name as in traces."""
    platform = spec(rules=(RULE,), input={"detectors": "Mask"})
    tenant = spec(rules=({**RULE, "regex": "N-[0-9]+"},), input={"detectors": "Block"})
    found = modes([platform, tenant], "input")
    assert {name: found[name] for name in ("order", "order-2")} == {"order": Guard.MASK, "order-2": Guard.BLOCK}


def test_more_rules_than_an_engine_takes_in_one_are_several() -> None:
    """One guardrail that is refused would keep the plan of everybody from changing."""
    many = [spec(rules=tuple({**RULE, "name": f"p{policy}-{n}"} for n in range(64))) for policy in range(5)]
    made = guardrails(many)
    sizes = [len(made.entries[name].get("rules", {}).get("rules", [])) for name in made.output]
    assert sizes == [256, 64]
