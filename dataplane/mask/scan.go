package mask

import "strings"

// span is a match: the bytes start to end, found by a detector.
type span struct {
	start, end int
	detector   *detector
}

const (
	// window is how far a regex looks at first; most values are shorter, and a short text is matched much faster.
	window = 512
	// contextWindow is how far before a value its context words may stand.
	contextWindow = 48
)

// finder is the working memory of one text. It is reused, so that a text without a match costs no allocation.
type finder struct {
	set   *ruleset
	key   string // the key the text stands under: context for its first bytes
	text  string // the view that is searched
	spans []span
	// ends holds by detector where its last match ended: a detector's own matches never overlap.
	ends []int
	// seen holds by detector: a user's rule one of whose literals was found, or a gate that a context word opened.
	seen []bool
}

// find collects all matches of all detectors, in no order.
func (f *finder) find(set *ruleset, key, text string) []span {
	f.set, f.key, f.text, f.spans = set, key, text, f.spans[:0]
	n := len(set.detectors)
	if cap(f.ends) < n {
		f.ends, f.seen = make([]int, n), make([]bool, n)
	}
	f.ends, f.seen = f.ends[:n], f.seen[:n]
	clear(f.ends)
	clear(f.seen)
	f.findLiterals()
	f.findNumbers()
	for _, d := range set.always {
		f.findWhole(d)
	}
	return f.spans
}

func (f *finder) findLiterals() {
	a, text := f.set.literals, f.text
	state := uint16(0)
	for i := 0; i < len(text); i++ {
		state = a.next[int(state)<<a.shift|int(a.class[text[i]])]
		if state < a.firing {
			continue
		}
		for _, literal := range a.ends[state] {
			for _, d := range literal.gates {
				f.seen[d.index] = true
			}
			for _, d := range literal.detectors {
				f.tryLiteral(d, i+1-literal.length, i+1)
			}
		}
	}
}

func (f *finder) tryLiteral(d *detector, at, end int) {
	if d.whole {
		if !f.seen[d.index] {
			f.seen[d.index] = true
			f.findWhole(d)
		}
		return
	}
	at = max(0, at-d.back)
	if at >= f.ends[d.index] && d.followed(f.text[end:]) && (d.loose || startsWord(f.text, at)) {
		f.try(d, at)
	}
}

// findWhole searches the whole text: a user's regex may begin before its literal.
func (f *finder) findWhole(d *detector) {
	for _, at := range d.regex.FindAllStringIndex(f.text, -1) {
		if at[1] > at[0] && (d.check == nil || d.check(f.text[at[0]:at[1]])) {
			f.spans = append(f.spans, span{at[0], at[1], d})
		}
	}
}

// followWindow is how far behind a literal its follower may stand: the rest of a name, blanks and quotes.
const followWindow = 24

// followed says whether one of the follow texts stands shortly behind the literal. It spares the regex a look at every
// "password" of a text about passwords.
func (d *detector) followed(rest string) bool {
	if len(d.follow) == 0 {
		return true
	}
	rest = rest[:min(len(rest), followWindow)]
	for _, text := range d.follow {
		if strings.Contains(rest, text) {
			return true
		}
	}
	return false
}

// try runs a detector at one place.
func (f *finder) try(d *detector, at int) {
	if len(d.context) > 0 && !f.hasContext(d, at) {
		return
	}
	start, end, ok := 0, 0, false
	if d.match != nil {
		start, end, ok = d.match(f.text, at)
	} else {
		start, end, ok = f.matchRegex(d, at)
	}
	if !ok || start < f.ends[d.index] || start >= end {
		return
	}
	if d.check != nil && !d.check(f.text[start:end]) {
		f.refuse(d, start, end)
		return
	}
	f.ends[d.index] = end
	f.spans = append(f.spans, span{start, end, d})
}

// refuse passes over a long text that matched and is no value. A text that repeats a literal ("sk-sk-sk-…") would else be
// matched to its end from each of them.
func (f *finder) refuse(d *detector, start, end int) {
	if end-start >= window {
		f.ends[d.index] = end
	}
}

// matchRegex matches from a place on, in a window that grows as long as the match reaches its end.
func (f *finder) matchRegex(d *detector, at int) (start, end int, ok bool) {
	for size := window; ; size *= 8 {
		limit := min(at+size, len(f.text))
		start, end, total, ok := d.locate(f.text[at:limit])
		if !ok {
			return 0, 0, false
		}
		if at+total == limit && limit < len(f.text) {
			continue
		}
		if !d.loose && !endsWord(f.text, at+total) {
			f.refuse(d, at, at+total)
			return 0, 0, false
		}
		return at + start, at + end, true
	}
}

// locate returns the value (the first group that matched, else everything) and where the whole match ends.
func (d *detector) locate(s string) (start, end, total int, ok bool) {
	if d.regex.NumSubexp() == 0 {
		at := d.regex.FindStringIndex(s)
		if at == nil {
			return 0, 0, 0, false
		}
		return at[0], at[1], at[1], true
	}
	at := d.regex.FindStringSubmatchIndex(s)
	if at == nil {
		return 0, 0, 0, false
	}
	for i := 2; i < len(at); i += 2 {
		if at[i] >= 0 {
			return at[i], at[i+1], at[1], true
		}
	}
	return at[0], at[1], at[1], true
}

// hasContext says whether one of the detector's words stands before the value, or in its key when it begins the text.
func (f *finder) hasContext(d *detector, at int) bool {
	inKey := at < contextWindow && f.key != ""
	if !inKey && !f.seen[d.index] {
		return false
	}
	before := f.text[max(0, at-contextWindow):at]
	for _, word := range d.context {
		if hasWord(before, word) || (inKey && hasWord(f.key, word)) {
			return true
		}
	}
	return false
}
