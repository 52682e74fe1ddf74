package mask

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// settle turns matches into places to replace, in the order of the text. Where matches overlap, the text they cover is
// replaced as one, by the earliest rule: what a later rule found beyond it must not stay readable.
func settle(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.detector.index - b.detector.index
	})
	out := spans[:0]
	for _, s := range spans {
		last := len(out) - 1
		if last < 0 || s.start >= out[last].end {
			out = append(out, s)
			continue
		}
		out[last].end = max(out[last].end, s.end)
		if wins(s.detector, out[last].detector) {
			out[last].detector = s.detector
		}
	}
	return out
}

// wins: the earlier rule, but for Drop, which must act however small its share of the text is, and for a user's rule that
// shows a part of what a pack hides.
func wins(a, b *detector) bool {
	switch {
	case (a.action == Drop) != (b.action == Drop):
		return a.action == Drop
	case a.shows(b):
		return false
	case b.shows(a):
		return true
	}
	return a.index < b.index
}

// shows says whether a user's rule would leave a part of what a pack takes away. Rules stand before packs: with one that
// matches everything, a namespace could read the ends of what the platform has hidden.
func (d *detector) shows(pack *detector) bool {
	return d.whole && !pack.whole && d.action == Partial && pack.action != Partial
}

// unmasked cuts the placeholders of earlier masking out of a place: a placeholder that is hashed again would change at
// every hop.
func (set *ruleset) unmasked(text string, place span, yield func(start, end int)) {
	at := place.start
	for at < place.end {
		start, end := set.nextPlaceholder(text, at, place.end)
		if start > at {
			yield(at, start)
		}
		at = end
	}
}

// nextPlaceholder finds the first placeholder that overlaps text[from:to]; without one it returns to, to.
func (set *ruleset) nextPlaceholder(text string, from, to int) (start, end int) {
	// A match may begin inside a placeholder, so the search begins before it.
	for i := max(0, from-maxPlaceholder); i < to; i++ {
		next := strings.IndexByte(text[i:to], '[')
		if next < 0 {
			break
		}
		i += next
		if n := set.placeholder(text[i:]); n > 0 && i+n > from {
			return max(i, from), min(i+n, to)
		}
	}
	return to, to
}

// maxPlaceholder is the longest placeholder: a label of 64, ":…" and four characters of four bytes.
const maxPlaceholder = 96

// placeholder returns the length of the placeholder at the start of s, or 0. Only labels of detectors count: any other
// text in brackets could be a value.
func (set *ruleset) placeholder(s string) int {
	s = s[:min(len(s), maxPlaceholder)]
	if strings.HasPrefix(s, Dropped) {
		return len(Dropped)
	}
	end := strings.IndexByte(s, ']')
	if end < 2 {
		return 0
	}
	name, mark, marked := strings.Cut(s[1:end], ":")
	if !set.labels[name] || (marked && !isDigest(mark) && !isTail(mark)) {
		return 0
	}
	return end + 1
}

func isDigest(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if !isHex(s[i]) || s[i] != lower(s[i]) {
			return false
		}
	}
	return true
}

func isTail(s string) bool {
	tail, ok := strings.CutPrefix(s, "…")
	return ok && utf8.RuneCountInString(tail) <= maxTail
}
