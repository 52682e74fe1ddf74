package mask

// Match is one masked place, for people who ask why: it never holds the value.
type Match struct {
	Detector string `json:"detector"`
	Action   Action `json:"action"`
	// Start and End are byte offsets in the text that was given. For a JSON text they are those of the string the
	// match lies in, since escapes leave no offsets to name.
	Start int `json:"start"`
	End   int `json:"end"`
}

// origin says where the text at hand stands in the text that was given.
type origin struct {
	nested     bool
	start, end int
	moved      bool
}

func (o origin) match(d *detector, start, end int) Match {
	if o.nested || o.moved {
		start, end = o.start, o.end
	}
	return Match{Detector: d.name, Action: d.action, Start: start, End: end}
}

// Explain masks like Field and also lists the places.
func (e *Engine) Explain(key, s string) (string, Hits, []Match) {
	trace := []Match{}
	masked, hits := e.mask(e.all, key, s, &trace)
	return masked, hits, trace
}

func (w *worker) traced() int {
	if w.trace == nil {
		return 0
	}
	return len(*w.trace)
}

func (w *worker) cutTrace(n int) {
	if w.trace != nil {
		*w.trace = (*w.trace)[:n]
	}
}
