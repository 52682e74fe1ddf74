"""The CEL rules of ProviderFallback, Budget, RunHold and execution limits, told in Python; see `rules` for the others."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from agentops_operator.cli.position import Path
from agentops_operator.cli.re2 import problem

Broken = list[tuple[Path, str]]
Check = Callable[[Any], Broken]
WITHOUT_ADDRESS = ("azure", "databricks", "snowflake", "openai-compatible")
OF_A_REGION = ("bedrock", "vertex")


def _holds(test: Callable[[Any], bool]) -> Check:
    return lambda value: [] if test(value) else [((), "")]


def _each(test: Callable[[Any], bool], *field: str) -> Check:
    return lambda items: [((index, *field), "") for index, item in enumerate(items) if not test(item)]


def _judge(patterns: list[str]) -> Broken:
    return [((index,), wrong) for index, pattern in enumerate(patterns) if (wrong := problem(pattern))]


def _limit(spec: Mapping[str, Any]) -> bool:
    wanted = r"[0-9]{1,9}([.][0-9]{1,6})?" if spec.get("unit", "USD") == "USD" else "[0-9]{1,15}"
    return re.fullmatch(wanted, spec["limit"]) is not None


def _targets_exist(spec: Mapping[str, Any]) -> Broken:
    known = {target["name"] for target in spec["targets"]}
    return [
        (("aliases", place, "targets", index, "name"), "")
        for place, alias in enumerate(spec["aliases"])
        for index, target in enumerate(alias["targets"])
        if target["name"] not in known
    ]


def _rises(steps: list[dict[str, Any]]) -> bool:
    percents = [step["atPercent"] for step in steps]
    return percents == sorted(percents)


GATEWAY: dict[str, Check] = {
    r"self.matches('^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$')": _holds(
        lambda url: (
            re.fullmatch(r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", url) is not None
        )
    ),
    "self.all(t, has(t.endpoint) || !(t.provider in ['azure', 'databricks', 'snowflake', 'openai-compatible']))": _each(
        lambda t: t.get("endpoint") is not None or t.get("provider") not in WITHOUT_ADDRESS, "endpoint"
    ),
    "self.all(t, !has(t.endpoint) || !(t.provider in ['bedrock', 'vertex']))": _each(
        lambda t: t.get("endpoint") is None or t.get("provider") not in OF_A_REGION, "endpoint"
    ),
    "self.all(t, has(t.region) == (t.provider in ['bedrock', 'vertex']))": _each(
        lambda t: (t.get("region") is not None) == (t.get("provider") in OF_A_REGION), "region"
    ),
    "self.all(t, has(t.project) == (t.provider == 'vertex'))": _each(
        lambda t: (t.get("project") is not None) == (t.get("provider") == "vertex"), "project"
    ),
    "self.all(t, !has(t.apiVersion) || t.provider == 'azure')": _each(
        lambda t: t.get("apiVersion") is None or t.get("provider") == "azure", "apiVersion"
    ),
    "self.all(t, has(t.credential) || t.provider == 'openai-compatible')": _each(
        lambda t: t.get("credential") is not None or t.get("provider") == "openai-compatible", "credential"
    ),
    "self.all(a, a.routing == 'Weighted' || a.targets.all(t, !has(t.weight)))": _each(
        lambda a: a.get("routing") == "Weighted" or all(t.get("weight") is None for t in a["targets"]), "targets"
    ),
    "self.all(a, (a.routing == 'CostFirst') == has(a.escalation))": _each(
        lambda a: (a.get("routing") == "CostFirst") == (a.get("escalation") is not None), "escalation"
    ),
    "(self.on.exists(s, s == 'LowConfidence')) == has(self.minConfidencePercent)": _holds(
        lambda e: ("LowConfidence" in e["on"]) == (e.get("minConfidencePercent") is not None)
    ),
    "self.on.exists(s, s == 'JudgeRule') == (has(self.judge) && size(self.judge) > 0)": _holds(
        lambda e: ("JudgeRule" in e["on"]) == bool(e.get("judge"))
    ),
    "self.all(p, !''.matches(p))": _judge,
    "self.aliases.all(a, a.targets.all(t, self.targets.exists(x, x.name == t.name)))": _targets_exist,
    "(self.kind == 'Rolling') == has(self.seconds)": _holds(
        lambda w: (w.get("kind", "Month") == "Rolling") == (w.get("seconds") is not None)
    ),
    "self.kind != 'Rolling' || !has(self.timeZone)": _holds(
        lambda w: w.get("kind", "Month") != "Rolling" or w.get("timeZone") is None
    ),
    "self.all(s, (s.action == 'CheaperModel') == (has(s.models) && size(s.models) > 0))": _each(
        lambda s: (s.get("action") == "CheaperModel") == bool(s.get("models")), "models"
    ),
    "self.map(s, s.atPercent).isSorted()": _holds(_rises),
    "self.unit == 'USD' ? self.limit.matches('^[0-9]{1,9}([.][0-9]{1,6})?$') : self.limit.matches('^[0-9]{1,15}$')": _holds(
        _limit
    ),
    "self.limit.matches('[1-9]')": _holds(lambda spec: re.search("[1-9]", spec["limit"]) is not None),
    "self.matches('[1-9]')": _holds(lambda text: re.search("[1-9]", text) is not None),
    "!has(self.more) || self.verb == 'Resume'": _holds(lambda d: d.get("more") is None or d["verb"] == "Resume"),
    "self.distinct < self.calls": _holds(lambda n: n.get("distinct", 2) < n.get("calls", 8)),
}
