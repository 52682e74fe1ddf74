"""What a reader learns when the demo does not hold."""

import pytest

from demo.__main__ import tell
from demo.report import NotTrueError, Report, check, shorten
from demo.steps.onward import looks, setting_of
from demo.story import Step, Story
from demo.world import World
from devcluster import Cluster


def _cannot(_: Story) -> None:
    check(1 > 2, "one is more than two")


def _breaks(_: Story) -> None:
    raise KeyError("spec")


def _tell(step: Step) -> int:
    return tell(Report(2), lambda: World(Cluster("unused")), (step,))


def test_broken_promise_ends_with_the_step_and_the_promise(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is not zero, and the message names step and promise."""
    assert _tell(Step("Sums", _cannot)) == 1
    told = capsys.readouterr().out
    assert "FAILED in step `Sums`" in told
    assert "one is more than two" in told


def test_defect_of_the_demo_names_its_step_too(capsys: pytest.CaptureFixture[str]) -> None:
    """An unforeseen error is shown with its place in the code."""
    assert _tell(Step("Reading", _breaks)) == 1
    told = capsys.readouterr().out
    assert "FAILED in step `Reading`" in told
    assert "KeyError" in told


def test_wait_that_ends_in_vain_says_what_it_saw_last() -> None:
    """A reader sees how far it came."""
    with pytest.raises(NotTrueError, match="three: not within 0 s; last seen: 2"):
        World(Cluster("unused")).until("three", lambda: 2, lambda seen: seen == 3, patience=0)


def test_commands_to_look_further_name_a_cluster_of_another_name() -> None:
    """Copied as they stand they would meet another cluster, or none."""
    assert looks(setting_of("agentops"))[0].startswith('eval "$(python3 -m devcluster env)" ')
    assert looks(setting_of("mine"))[0].startswith('eval "$(AGENTOPS_CLUSTER=mine python3 -m devcluster env)" ')
    assert len({line.index("  # ") for line in looks("")}) == 1


def test_nobody_who_answers_is_no_answer_yet() -> None:
    """A pod is ready before its Service leads there; what nobody ever answers is told in the end."""
    answers = iter([ConnectionRefusedError(111, "Connection refused"), 3])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    world = World(Cluster("unused"))
    assert world.until("three", ask, lambda seen: seen == 3) == 3
    answers = iter([ConnectionRefusedError(111, "Connection refused")])
    with pytest.raises(NotTrueError, match="Connection refused"):
        world.until("three", ask, lambda seen: seen == 3, patience=0)


def test_long_texts_keep_their_ends() -> None:
    """The secret at the end of a long prompt stays in view."""
    assert shorten("a" * 100 + " sk-1", 20).endswith("sk-1")
