package limits

import "time"

// Window is the time over which a budget adds up.
type Window struct {
	Kind WindowKind `json:"kind"`
	// TimeZone of the calendar windows, as "Europe/Berlin"; empty is UTC.
	TimeZone string `json:"timeZone,omitempty"`
	// Length of a rolling window: one minute to 366 days. A charge counts for this long and up to a sixtieth longer.
	Length time.Duration `json:"length,omitempty"`
}

// WindowKind of a window.
type WindowKind string

const (
	// Hour, Day, Week (from Monday, as ISO 8601) and Month are calendar windows in a time zone. They have no gap and no
	// overlap: a day with a clock change has 23 or 25 hours, an hour that the clock repeats is two windows.
	Hour  WindowKind = "Hour"
	Day   WindowKind = "Day"
	Week  WindowKind = "Week"
	Month WindowKind = "Month"
	// Rolling is any Length of time that ends now.
	Rolling WindowKind = "Rolling"
	// NoWindow never resets.
	NoWindow WindowKind = "None"
)
