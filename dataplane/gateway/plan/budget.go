package plan

// Budget is what may be spent in a window.
type Budget struct {
	Unit  Unit  `json:"unit"`
	Limit int64 `json:"limit"`
	// Window is when the count starts anew.
	Window Window `json:"window"`
	// Scope says who shares one count.
	Scope Scope `json:"scope"`
	// Ladder is in rising order; each step holds from its percentage on.
	Ladder []Step `json:"ladder"`
	Mode   Mode   `json:"mode"`
	// OnStateError says what happens while the state store is away.
	OnStateError Verdict `json:"onStateError"`
}

// Window is a span of the calendar in a time zone, or the last Seconds.
type Window struct {
	Kind WindowKind `json:"kind"`
	// TimeZone is an IANA name; it belongs to Hour, Day, Week (from Monday) and Month. Empty: UTC.
	TimeZone string `json:"timeZone,omitempty"`
	// Seconds belongs to Rolling.
	Seconds int64 `json:"seconds,omitempty"`
}

// Step is one rung of the ladder.
type Step struct {
	AtPercent int64      `json:"atPercent"`
	Action    StepAction `json:"action"`
	// Models belongs to CheaperModel: alias -> route that takes its place.
	Models map[string]string `json:"models,omitempty"`
}
