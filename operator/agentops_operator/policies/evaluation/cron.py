"""When a cron schedule is due, by the rules of the Kubernetes CronJob: without it, a run that never began goes unnoticed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONTHS = {name: number for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun"), start=1)}
MONTHS |= {name: number for number, name in enumerate(("jul", "aug", "sep", "oct", "nov", "dec"), start=7)}
DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = ((0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, MONTHS), (0, 6, DAYS))
HORIZON = 8 * 366  # days; the 29th of February can be eight years away


class CronError(ValueError):
    """The schedule or its time zone is not valid; the text says which field."""


@dataclass(frozen=True)
class Cron:
    """A schedule of five fields in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool  # both day fields are restricted: then one of them is enough
    zone: ZoneInfo

    def last(self, moment: datetime) -> datetime | None:
        """The newest time at or before the moment at which it was due."""
        local = moment.astimezone(self.zone).date()
        for back in range(-1, HORIZON):
            due = [at for at in self._on(local - timedelta(days=back)) if at <= moment]
            if due:
                return max(due)
        return None

    def next(self, moment: datetime) -> datetime | None:
        """The first time after the moment at which it is due."""
        local = moment.astimezone(self.zone).date()
        for ahead in range(-1, HORIZON):
            due = [at for at in self._on(local + timedelta(days=ahead)) if at > moment]
            if due:
                return min(due)
        return None

    def _on(self, day: date) -> Iterator[datetime]:
        if day.month not in self.months or not self._matches(day):
            return
        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime.combine(day, time(hour, minute), self.zone)
                at = wall.astimezone(UTC)
                # A wall time that the clock jumps over does not happen, and the CronJob does not run then either.
                if at.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                    yield at

    def _matches(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (in_month or in_week) if self.either_day else (in_month and in_week)


def parse(schedule: str, time_zone: str) -> Cron:
    """Reads a schedule.

    Raises:
        CronError: a field or the time zone is not valid.
    """
    fields = schedule.lower().split()
    if len(fields) != len(FIELDS):
        raise CronError("schedule must have five fields")
    values = [_values(field, *limits) for field, limits in zip(fields, FIELDS, strict=True)]
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise CronError(f"timeZone {time_zone} is not known") from None
    minutes, hours, days, months, weekdays = values
    either_day = not any(field in ("*", "?", "*/1") for field in (fields[2], fields[4]))
    return Cron(minutes, hours, days, months, weekdays, either_day, zone)


def _values(field: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    return frozenset(value for part in field.split(",") for value in _range(part, low, high, names))


def _range(part: str, low: int, high: int, names: dict[str, int]) -> range:
    span, stepped, step = part.partition("/")
    first, ranged, last = span.partition("-")
    try:
        begin = low if first in ("*", "?") else _number(first, names)
        end = _number(last, names) if ranged else (high if first in ("*", "?") or stepped else begin)
        every = int(step) if stepped else 1
    except ValueError:
        raise CronError(f"schedule: {part!r} is not understood") from None
    if not low <= begin <= end <= high or every < 1:
        raise CronError(f"schedule: {part!r} is not between {low} and {high}")
    return range(begin, end + 1, every)


def _number(text: str, names: dict[str, int]) -> int:
    return names[text] if text in names else int(text)
