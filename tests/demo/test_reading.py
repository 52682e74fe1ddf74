"""How the demo reads what the product stored and counted."""

import json
from pathlib import Path

from demo.prometheus.reload import digest
from demo.spans import parse
from demo.steps.counters import _equal
from demo.steps.surroundings import both_answer


def _batch(span: str, **attributes: str) -> str:
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    spans = [{"traceId": "t", "spanId": span, "name": "chat", "attributes": pairs}]
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]})


def test_span_that_was_sent_twice_counts_once() -> None:
    """A sender that missed the answer sends again; that is no second span."""
    found = parse("\n".join([_batch("a", model="m"), _batch("a", model="m"), _batch("b")]))
    assert [(span.identity, dict(span.attributes)) for span in found] == [("a", {"model": "m"}), ("b", {})]


def test_one_token_more_on_either_side_is_a_difference() -> None:
    """A counter that the bill does not know differs as much as a line that was not counted."""
    owed = {("inputTokens", "t", "m"): 10.0, ("usd", "t", "m"): 0.001}
    assert _equal(dict(owed), owed)
    assert not _equal({**owed, ("inputTokens", "t", "m"): 11.0}, owed)
    assert not _equal({**owed, ("inputTokens", "t", "other"): 1.0}, owed)
    assert not _equal({("inputTokens", "t", "m"): 10.0}, owed)
    assert not _equal({**owed, ("inputTokens", "none", "m"): 1.0}, owed)


def test_rule_file_that_goes_while_it_is_read_ends_nothing(tmp_path: Path) -> None:
    """A namespace that loses its last Agent takes its rule file away at any moment."""
    (tmp_path / "gone.rules.yaml").symlink_to(tmp_path / "nowhere")
    assert digest([tmp_path])


def test_changed_and_new_rule_files_are_noticed(tmp_path: Path) -> None:
    """Prometheus is told to reload on each of them."""
    seen = {digest([tmp_path])}
    (tmp_path / "a.rules.yaml").write_text("groups: []")
    seen.add(digest([tmp_path]))
    (tmp_path / "a.rules.yaml").write_text("groups: [{}]")
    seen.add(digest([tmp_path]))
    (tmp_path / "a.rules.yaml").rename(tmp_path / "b.rules.yaml")
    seen.add(digest([tmp_path]))
    assert len(seen) == 4


def test_target_that_was_not_asked_yet_has_not_answered() -> None:
    """Prometheus lists a target only after its first scrape: one that answered says nothing of the other."""
    assert not both_answer({"operator": True})
    assert not both_answer({"operator": True, "relay": False})
    assert both_answer({"operator": True, "relay": True})
