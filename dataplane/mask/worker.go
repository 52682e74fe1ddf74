package mask

import "slices"

// maxPasses bounds how often a text is masked again. A placeholder is shorter than what it replaced, so that a context
// word may come into reach of a number: without the second look, the next hop would mask more than this one.
const maxPasses = 4

// keepBuffer is the largest buffer a worker keeps: one text of many megabytes must not stay in memory for ever.
const keepBuffer = 1 << 20

// worker is the memory for one text. Its parts are reused from text to text.
type worker struct {
	engine *Engine
	set    *ruleset
	finder finder
	view   []byte
	masked []byte
	levels [maxDepth + 1]level
	// journal lists the matches so far; the JSON walker cuts it back when a text turns out not to be JSON.
	journal []*detector
	trace   *[]Match
	base    origin
}

// begin readies the worker for a text.
func (w *worker) begin(e *Engine, set *ruleset, size int, trace *[]Match) {
	w.base = origin{end: size}
	w.engine, w.set, w.trace, w.journal = e, set, trace, w.journal[:0]
	if cap(w.view) > keepBuffer || cap(w.masked) > keepBuffer || cap(w.finder.spans) > keepBuffer/64 {
		w.view, w.masked, w.finder = nil, nil, finder{}
	}
	for i := range w.levels {
		if cap(w.levels[i].out) > keepBuffer || cap(w.levels[i].text) > keepBuffer {
			w.levels[i] = level{}
		}
	}
}

// value masks a text under a key: as a whole when the key says so, as JSON when it is JSON, else as plain text.
func (w *worker) value(key, s string, depth int) (string, bool) {
	if d := w.set.field(key); d != nil && (d.check == nil || d.check(s)) && w.set.placeholder(s) != len(s) {
		w.note(d, 0, len(s))
		return string(w.engine.keys.appendPlaceholder(nil, d, s)), true
	}
	if depth <= maxDepth && looksLikeJSON(s) {
		if masked, changed, ok := w.json(key, s, depth); ok {
			return masked, changed
		}
	}
	return w.plain(key, s)
}

// plain masks a text that is not JSON.
func (w *worker) plain(key, s string) (string, bool) {
	changed := false
	for range maxPasses {
		spans := w.finder.find(w.set, key, view(s, &w.view))
		if len(spans) == 0 {
			break
		}
		masked, ok := w.replace(s, settle(spans))
		if !ok {
			break
		}
		s, changed = masked, true
		w.base.moved = true
	}
	w.base.moved = false
	return s, changed
}

func (w *worker) replace(s string, places []span) (string, bool) {
	out, copied := w.masked[:0], 0
	for _, place := range places {
		noted := false
		w.set.unmasked(s, place, func(start, end int) {
			out = append(out, s[copied:start]...)
			out = w.engine.keys.appendPlaceholder(out, place.detector, s[start:end])
			copied = end
			if !noted {
				w.note(place.detector, start, place.end)
				noted = true
			}
		})
	}
	w.masked = out
	if copied == 0 {
		return s, false
	}
	w.masked = append(out, s[copied:]...)
	return string(w.masked), true
}

// note writes a match into the journal, and into the trace when somebody asked for one.
func (w *worker) note(d *detector, start, end int) {
	w.journal = append(w.journal, d)
	if w.trace != nil {
		*w.trace = append(*w.trace, w.base.match(d, start, end))
	}
}

// hits sums the journal up, in the order of the rules.
func (w *worker) hits() Hits {
	var h Hits
	slices.SortStableFunc(w.journal, func(a, b *detector) int { return a.index - b.index })
	for _, d := range w.journal {
		h.Drop = h.Drop || d.action == Drop
		h.add(d.name, 1)
	}
	return h
}
