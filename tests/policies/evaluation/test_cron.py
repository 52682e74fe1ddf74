"""When a schedule is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops_operator.policies.evaluation.cron import CronError, parse


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "now", "last", "following"),
    [
        pytest.param("0 3 * * *", "Etc/UTC", "2026-11-23 10:00", "2026-11-23 03:00", "2026-11-24 03:00", id="daily"),
        pytest.param("0 3 * * *", "Etc/UTC", "2026-11-23 03:00", "2026-11-23 03:00", "2026-11-24 03:00", id="at the very minute"),
        pytest.param("*/20 * * * *", "Etc/UTC", "2026-11-23 10:05", "2026-11-23 10:00", "2026-11-23 10:20", id="steps"),
        pytest.param("0 3 1 * *", "Etc/UTC", "2026-11-23 10:00", "2026-11-01 03:00", "2026-12-01 03:00", id="monthly"),
        pytest.param("0 0 29 2 *", "Etc/UTC", "2026-11-23 10:00", "2024-02-29 00:00", "2028-02-29 00:00", id="leap day"),
        pytest.param("30 9 * * mon-fri", "Etc/UTC", "2026-11-22 12:00", "2026-11-20 09:30", "2026-11-23 09:30", id="workdays"),
        pytest.param("0 0 13 * 5", "Etc/UTC", "2026-11-12 00:00", "2026-11-06 00:00", "2026-11-13 00:00", id="either day field"),
        pytest.param("0 3 * * *", "Asia/Tokyo", "2026-11-23 10:00", "2026-11-22 18:00", "2026-11-23 18:00", id="time zone"),
        pytest.param(
            "30 2 * * *", "Europe/Berlin", "2026-03-29 12:00", "2026-03-28 01:30", "2026-03-30 00:30", id="hour that is skipped"
        ),
    ],
)
def test_due_times(schedule: str, zone: str, now: str, last: str, following: str) -> None:
    """The newest due time is at or before now, the next one after it."""
    cron = parse(schedule, zone)
    assert cron.last(at(now)) == at(last)
    assert cron.next(at(now)) == at(following)


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [
        ("* * * *", "Etc/UTC"),
        ("60 * * * *", "Etc/UTC"),
        ("a * * * *", "Etc/UTC"),
        ("*/0 * * * *", "Etc/UTC"),
        ("0 0 * * *", "Mars/X"),
    ],
)
def test_nonsense_is_told(schedule: str, zone: str) -> None:
    """What a CronJob would refuse is no schedule here either."""
    with pytest.raises(CronError):
        parse(schedule, zone)


def test_date_that_never_comes_is_never_due() -> None:
    """The 31st of February ends the search."""
    assert parse("0 0 31 2 *", "Etc/UTC").last(at("2026-11-23 10:00")) is None


@given(st.integers(0, 10 * 365 * 86400), st.integers(0, 59), st.integers(0, 23))
def test_daily_schedule_is_due_once_a_day(seconds: int, minute: int, hour: int) -> None:
    """Between the last and the next due time lies one day, and now lies between them."""
    now = at("2020-01-01 00:00") + timedelta(seconds=seconds)
    cron = parse(f"{minute} {hour} * * *", "Etc/UTC")
    last, following = cron.last(now), cron.next(now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert following - last == timedelta(days=1)
