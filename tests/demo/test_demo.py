"""The demo is the end-to-end test: every sentence it prints is checked by it."""

import pytest

from demo.__main__ import tell
from demo.report import Report
from demo.steps import STEPS


@pytest.mark.cluster
@pytest.mark.timeout(1200)
def test_story_holds_from_set_up_to_clean_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps hold on the real cluster, with a public framework as agent and no secret outside its pod."""
    monkeypatch.delenv("DEMO_KEEP", raising=False)
    code = tell(Report(len(STEPS) + 1))
    told = capsys.readouterr().out
    assert code == 0, told
    assert "lost: 0" in told
