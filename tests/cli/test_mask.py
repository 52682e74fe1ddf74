"""`agentops mask test`: the rules that are compiled, and the engine's answer. The engine is a stand-in but for one test."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from agentops_operator.cli.mask import VARIABLE, of_policies
from tests.cli.runner import SAMPLES, run

STAND_IN = """#!/bin/sh
# Answers as the engine does, with the rules file that it was given as the text.
[ "$1 $2 $3 $4" = "text -o json --rules" ] || exit 2
grep -q refuse "$5" && { echo "$5: rule 1 is refused" >&2; exit 1; }
printf '{"text":"masked %s","hits":[{"detector":"email.address","count":2}],' "$(cat)"
printf '"matches":[{"detector":"email.address","action":"Hash","start":0,"end":4}]}'
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that answers as the engine does."""
    program = tmp_path / "agentops-mask"
    program.write_text(STAND_IN)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(VARIABLE, str(program))
    return program


def test_rules_are_those_that_the_operator_would_write() -> None:
    """What is tried is what the sidecars get: the policies merged, in the format of the contract."""
    rules = json.loads(of_policies((str(SAMPLES / "shop.yaml"),)))
    assert [pack["name"] for pack in rules["packs"]] == ["Credentials", "Email"]
    assert rules["rules"][0]["name"] == "order-id"
    assert rules["digest"].startswith("sha256:")


@pytest.mark.usefixtures("engine")
def test_masked_text_goes_out_and_matches_go_beside_it() -> None:
    """Standard output holds the text alone, so that it can be piped on; the detectors are told on standard error."""
    result = run("mask", "test", "--policy", SAMPLES / "shop.yaml", stdin="jane")
    assert result.stdout == "masked jane\n"
    assert result.stderr.split() == ["email.address", "Hash", "2"]


@pytest.mark.usefixtures("engine")
def test_json_is_the_engines_answer() -> None:
    """Programs get all that the engine says."""
    answer = json.loads(run("mask", "test", "--policy", SAMPLES / "shop.yaml", "-o", "json", stdin="x").stdout)
    assert answer["hits"] == [{"detector": "email.address", "count": 2}]


@pytest.mark.usefixtures("engine")
def test_rules_that_the_engine_refuses_are_wrong_usage(tmp_path: Path) -> None:
    """The engine's own words are shown, without the path of a temporary file."""
    rules = tmp_path / "r.json"
    rules.write_text('{"refuse": 1}')
    result = run("mask", "test", "--rules", rules, stdin="x")
    assert result.exit_code == 2
    assert result.stderr == "Error: agentops-mask: rules.v1.json: rule 1 is refused\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("billing", "--policy", "x.yaml"),
        ("--policy", str(SAMPLES / "faults.yaml")),
        ("--policy", "nowhere.yaml"),
        ("--policy", "-"),
    ],
    ids=str,
)
def test_rules_must_come_from_exactly_one_place_that_can_be_read(arguments: tuple[str, ...]) -> None:
    """Two sources, none, or one without a valid policy are wrong usage, and nothing is guessed."""
    assert run("mask", "test", *arguments, stdin="x").exit_code == 2


def test_missing_engine_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the engine nothing is masked by something that only looks like it."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    result = run("mask", "test", "--policy", SAMPLES / "shop.yaml", stdin="x")
    assert result.exit_code == 2
    assert "make binaries" in result.stderr


def test_real_engine_takes_the_rules_and_masks() -> None:
    """The rules that are compiled here are read by the real engine, and its answer is read here."""
    built = Path(__file__).parents[2] / "build" / "bin" / "agentops-mask"
    program = os.environ.get(VARIABLE) or shutil.which("agentops-mask") or (str(built) if built.is_file() else "")
    if not program:
        message = "agentops-mask is not built: `make binaries`"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    result = run(
        "mask", "test", "--policy", SAMPLES / "shop.yaml", "-o", "json", env={VARIABLE: program}, stdin="see ORD-12345678 ok"
    )
    answer = json.loads(result.stdout)
    assert "ORD-12345678" not in answer["text"]
    assert answer["hits"] == [{"detector": "order-id", "count": 1}]
