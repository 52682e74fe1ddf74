"""MaskingPolicies of one Agent, merged into the gateway's guardrails: the sidecar's detectors under the same names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from agentops_operator.kube.digest import digest
from agentops_operator.policies.masking.compile import merge_masking, rules_file
from agentops_operator.policies.masking.types import (
    GUARD_STRICTNESS,
    Guard,
    MaskingPolicySpec,
    MaskingRule,
    Pack,
    PackUse,
)

IN_ORDER = (Guard.BLOCK, Guard.MASK, Guard.REPORT)  # what blocks must see the text before it is masked
NAME_DIGITS = 16
MOST_RULES = 256  # that an engine takes in one guardrail
CAPTURE = "Masked"  # what becomes of a text is said by the mode
Choice = Callable[[MaskingPolicySpec], Guard]


@dataclass(frozen=True)
class Guardrails:
    """What the gateway does with calls of one Agent.

    Attributes:
        entries: guardrails of the plan by name. A name says the content, so that Agents with the same policies share one.
        input: names of those that requests pass, in order.
        output: names of those that answers pass, in order.
    """

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


def guardrails(specs: Sequence[MaskingPolicySpec]) -> Guardrails:
    """For each detector the strictest mode of the policies that have it; without a policy nobody asked for any.

    Args:
        specs: policies in order of precedence, platform policies first.
    """
    return _guardrails(tuple(map(_Same, specs))) if specs else Guardrails()


class _Same:
    """A policy by identity: Agents that share policies share their guardrails, and nobody compares a spec field by field."""

    __slots__ = ("spec",)

    def __init__(self, spec: MaskingPolicySpec) -> None:
        self.spec = spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.spec is self.spec

    def __hash__(self) -> int:
        return id(self.spec)


@lru_cache(maxsize=256)
def _guardrails(policies: tuple[_Same, ...]) -> Guardrails:
    place = _Places([policy.spec for policy in policies])
    incoming = dict(
        place.chain(lambda s: s.gateway.input.detectors, "PromptInjection", lambda s: s.gateway.input.prompt_injection)
    )
    outgoing = dict(place.chain(lambda s: s.gateway.output.detectors, "HarmfulOutput", lambda s: s.gateway.output.harmful_output))
    return Guardrails({**incoming, **outgoing}, tuple(incoming), tuple(outgoing))


def acts(spec: MaskingPolicySpec) -> bool:
    """Whether the policy asks for more than a report, so that calls which do not pass the gateway are not what it promises."""
    gateway = spec.gateway
    said = (gateway.input.detectors, gateway.input.prompt_injection, gateway.output.detectors, gateway.output.harmful_output)
    return any(mode in (Guard.MASK, Guard.BLOCK) for mode in said)


def _strictest(modes: Iterable[Guard]) -> Guard:
    return max(modes, key=GUARD_STRICTNESS.index, default=Guard.NONE)


class _Places:
    """The detectors of some policies, and how they act in a place."""

    def __init__(self, specs: Sequence[MaskingPolicySpec]) -> None:
        self._specs = specs
        self._merged = merge_masking(specs)
        # The merged rules stand in the order in which the policies have them; some of their names have a number behind.
        self._rules = list(dict.fromkeys((rule.name, rule.regex) for spec in specs for rule in spec.rules))

    def chain(self, detectors: Choice, built_in: str, rules_of_it: Choice) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Guardrails by name, one for each mode that is in use."""
        packs = [_strictest(detectors(spec) for spec in self._specs if _has_pack(spec, use.name)) for use in self._merged.packs]
        rules = [_strictest(detectors(spec) for spec in self._specs if _has_rule(spec, key)) for key in self._rules]
        built_in_mode = _strictest(map(rules_of_it, self._specs))
        for mode in IN_ORDER:
            used = [use for use, said in zip(self._merged.packs, packs, strict=True) if said is mode]
            own = [rule for rule, said in zip(self._merged.rules, rules, strict=True) if said is mode]
            yield from _entries(mode, [built_in] if built_in_mode is mode else [], used, own)


def _has_pack(spec: MaskingPolicySpec, pack: Pack) -> bool:
    """Credentials belong to every policy, whatever it lists: as in traces."""
    return pack is Pack.CREDENTIALS or any(use.name is pack for use in spec.packs)


def _has_rule(spec: MaskingPolicySpec, key: tuple[str, str]) -> bool:
    return any((rule.name, rule.regex) == key for rule in spec.rules)


def _entries(
    mode: Guard, built_in: list[str], packs: list[PackUse], rules: list[MaskingRule]
) -> Iterable[tuple[str, dict[str, Any]]]:
    """Usually one guardrail; more where an engine would refuse so many rules in one, and with them the plan of everybody."""
    for first in range(0, max(len(rules), 1), MOST_RULES):
        entry = _entry(mode, built_in if first == 0 else [], packs if first == 0 else [], rules[first : first + MOST_RULES])
        if entry:
            yield f"{str(mode).lower()}-{digest(entry).removeprefix('sha256:')[:NAME_DIGITS]}", entry


def _entry(mode: Guard, built_in: list[str], packs: list[PackUse], rules: list[MaskingRule]) -> dict[str, Any]:
    entry: dict[str, Any] = {"mode": str(mode)} | ({"builtIn": built_in} if built_in else {})
    if packs or rules:
        # Keys that are blocked are those of attributes: in a request they would be the words of the API.
        part = MaskingPolicySpec.model_construct(packs=packs, rules=rules, block_keys=[], hash_key=None)
        entry["rules"] = rules_file(part, CAPTURE)
    return entry if len(entry) > 1 else {}
