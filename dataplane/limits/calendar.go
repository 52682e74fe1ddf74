package limits

import (
	"fmt"
	"time"
	_ "time/tzdata" // The image has no zone files: without these every time zone but UTC would be refused.
)

// span is one calendar window: [from, till) in milliseconds of the Unix clock. Other windows have only an id.
type span struct {
	id         string
	from, till int64
}

func (s span) holds(ms int64) bool { return s.till == 0 || (ms >= s.from && ms < s.till) }

// spanAt is the window that holds the instant.
func (w Window) spanAt(ms int64, zone *time.Location) span {
	at := time.UnixMilli(ms).In(zone)
	switch w.Kind {
	case Hour:
		return hourAt(at)
	case Day, Week, Month:
		return calendarAt(w.Kind, at)
	case Rolling:
		return span{id: "rolling"}
	default:
		return span{id: "all"}
	}
}

// hourAt is the local clock hour. A clock change ends it, so that a repeated hour is two windows and zones with changes of
// half an hour neither overlap nor leave a gap.
func hourAt(at time.Time) span {
	into := time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond())
	from := at.Add(-into)
	till := from.Add(time.Hour)
	changed, changes := at.ZoneBounds()
	if !changed.IsZero() && changed.After(from) {
		from = changed
	}
	if !changes.IsZero() && changes.Before(till) {
		till = changes
	}
	return span{id: "H" + from.In(at.Location()).Format("2006-01-02T1504-0700"), from: from.UnixMilli(), till: till.UnixMilli()}
}

// calendarAt looks for the window whose bounds hold the instant. The window of the local date need not: where the clock goes
// back over midnight, the last hour of a day comes twice and belongs to the next day the second time.
func calendarAt(kind WindowKind, at time.Time) span {
	year, month, day := at.Date()
	switch kind {
	case Week:
		day -= (int(at.Weekday()) + 6) % 7
	case Month:
		day = 1
	}
	for {
		nextMonth, nextDay := month, day+1
		switch kind {
		case Week:
			nextDay = day + 7
		case Month:
			nextMonth, nextDay = month+1, 1
		}
		from, till := firstInstant(year, month, day, at.Location()), firstInstant(year, nextMonth, nextDay, at.Location())
		if at.Before(till) {
			return span{id: calendarID(kind, year, month, day), from: from.UnixMilli(), till: till.UnixMilli()}
		}
		month, day = nextMonth, nextDay
	}
}

// firstInstant is the first at which the local date is the given one or later: midnight, the later end of a gap that holds
// midnight, or the earlier of two midnights. time.Date does not say which of them it returns.
func firstInstant(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	at := midnight.Add(-36 * time.Hour).In(zone)
	for {
		begins, ends := at.ZoneBounds()
		_, offset := at.Zone()
		candidate := midnight.Add(-time.Duration(offset) * time.Second)
		if !begins.IsZero() && candidate.Before(begins) {
			return begins
		}
		if ends.IsZero() || candidate.Before(ends) {
			return candidate
		}
		at = ends.In(zone)
	}
}

func calendarID(kind WindowKind, year int, month time.Month, day int) string {
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	switch kind {
	case Week:
		y, w := date.ISOWeek()
		return fmt.Sprintf("W%d-W%02d", y, w)
	case Month:
		return date.Format("M2006-01")
	default:
		return date.Format("D2006-01-02")
	}
}
