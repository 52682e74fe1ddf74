"""The page on scaling says what was measured last."""

import json

from bench.figure import Figure
from bench.page import RESULTS
from bench.scaling_page import NEEDED, PAGE, _needed, rendered


def test_page_is_reckoned_from_the_last_figures() -> None:
    """A figure that was measured anew and a page that was not would contradict each other."""
    found = _needed(Figure(**fields) for fields in json.loads(RESULTS.read_text()))
    assert found.keys() == NEEDED.keys()
    assert PAGE.read_text() == rendered(found), "run `make bench-scaling`"


def test_reckoning_follows_the_figures() -> None:
    """Twice the CPU for a call is twice the cores; 30,000 calls of 0.2 ms are six cores, and ten replicas at 60 percent."""
    figures = dict.fromkeys(NEEDED, 1.0)
    page = rendered({**figures, "call": 0.2})
    assert "| gateways, calls | 6.0 | 10 | reckoned |" in page
    assert "minReplicas: 10" in page
    assert "| gateways, calls | 12.0 | 20 | reckoned |" in rendered({**figures, "call": 0.4})
    assert "carries 3000 calls a second" in page
