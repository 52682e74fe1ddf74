"""Commands of the documentation can be run as they stand."""

from pathlib import Path

import pytest

from tests.docs.commands import PAGES, PROGRAMS, Shown, shown
from tests.docs.judges import JUDGES

SHOWN = shown()
ELSEWHERE = {"kubectl"}  # tests/cluster/test_docs_commands.py


@pytest.mark.parametrize("command", [one for one in SHOWN if one.words[0] in JUDGES], ids=str)
def test_command_is_valid(command: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs, options, targets and values exist, and mean what the page says."""
    monkeypatch.chdir(tmp_path)
    JUDGES[command.words[0]](command.words[1:], tmp_path)


def test_every_program_has_a_judge() -> None:
    """A page that shows another program needs a judge for it."""
    assert set(PROGRAMS) == JUDGES.keys() | ELSEWHERE


def test_commands_are_found() -> None:
    """Pages that show commands are read: an expression that finds nothing would prove nothing."""
    found = {command.page for command in SHOWN}
    assert {"README.md", "docs/install.md", "docs/injection.md", "docs/cli.md", "docs/operations.md"} <= found
    assert found <= set(PAGES)
    assert len(SHOWN) > 50
