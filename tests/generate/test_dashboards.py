"""Dashboards ask only for what the product measures."""

import json
import re

from agentops_operator.generate.dashboards import dashboards
from agentops_operator.runtime.metrics import CONTROLLER, Metrics
from tests.generate.relay_metrics import relay_metric_names

METRIC = re.compile(r"\b((?:agentops|gen_ai|controller_runtime|workqueue|rest_client|leader_election)_[a-z_]+)(?=[{\[)]|\s|$)")
SUFFIXES = ("_total", "_bucket", "_seconds")


def _expressions() -> list[str]:
    found = [json.loads(text) for text in dashboards().values()]
    return [target["expr"] for dashboard in found for panel in dashboard["panels"] for target in panel["targets"]]


def _stem(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def test_every_metric_of_a_panel_exists() -> None:
    """A renamed metric breaks this test, not somebody's dashboard."""
    own = {_stem(family.name) for family in Metrics().registry.collect()}
    known = own | {_stem(name) for name in relay_metric_names()}
    asked = {_stem(name) for expr in _expressions() for name in METRIC.findall(re.sub(r"by \([^)]*\)", "", expr))}
    assert asked
    assert asked - known == set()


def test_panels_do_not_overlap() -> None:
    """Each panel has a place of its own."""
    for text in dashboards().values():
        places = [tuple(panel["gridPos"].values()) for panel in json.loads(text)["panels"]]
        assert len(places) == len(set(places))


def test_metrics_that_every_operator_has_are_told_apart() -> None:
    """Else the panels sum up whatever else is built on controller-runtime in the cluster."""
    shared = re.compile(r"\b(?:controller_runtime|workqueue|rest_client|leader_election)_")
    mixed = [expr for expr in _expressions() if shared.search(expr) and f'"{CONTROLLER}"' not in expr]
    assert mixed == []
