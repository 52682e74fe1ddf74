package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// hold is how much of a stream waits to be seen together with what follows.
	hold = 128
	// longest is how much may wait at most: a text without any blank, or a match that does not end.
	longest = 64 << 10
	// tries bounds the search for a place where a text may be cut.
	tries = 6
)

// Window looks at texts that come in pieces. What it lets go was seen together with the hold bytes behind it, and is never
// cut inside a word, so that a secret that is split over pieces is still found.
type Window struct {
	chain    Chain
	verdict  *Verdict
	channels map[string]*waiting
	order    []string
}

type waiting struct{ text string }

// NewWindow is nil when there is nothing to look for.
func (c Chain) NewWindow(v *Verdict) *Window {
	if len(c) == 0 {
		return nil
	}
	return &Window{chain: c, verdict: v, channels: map[string]*waiting{}}
}

// Push adds a piece and returns what may be sent.
func (w *Window) Push(channel, piece string) string {
	at := w.channels[channel]
	if at == nil {
		at = &waiting{}
		w.channels[channel] = at
		w.order = append(w.order, channel)
	}
	at.text += piece
	if len(at.text) <= hold {
		return ""
	}
	whole := w.chain.Text(at.text, w.verdict)
	if len(w.verdict.Blocked) > 0 {
		return ""
	}
	if len(at.text) > longest {
		at.text = ""
		return whole
	}
	cut := len(at.text) - hold
	for range tries {
		if cut = boundary(at.text, cut); cut <= 0 {
			return ""
		}
		left := w.chain.Text(at.text[:cut], nil)
		// Where both parts give the same as the whole, no match lies across the cut.
		if whole == at.text || left+w.chain.Text(at.text[cut:], nil) == whole {
			at.text = at.text[cut:]
			return left
		}
		cut-- // before the blank that ends the left part
	}
	return ""
}

// boundary is the last place up to cut that is behind a blank; 0 when there is none.
func boundary(s string, cut int) int {
	at := strings.LastIndexFunc(s[:cut], unicode.IsSpace)
	if at < 0 {
		return 0
	}
	_, size := utf8.DecodeRuneInString(s[at:])
	return at + size
}

// Rest is what still waits in a channel.
type Rest struct{ Channel, Text string }

// Flush ends the channels that begin with a prefix and returns their rests.
func (w *Window) Flush(prefix string) []Rest {
	var out []Rest
	for _, channel := range w.order {
		at := w.channels[channel]
		if at.text == "" || !strings.HasPrefix(channel, prefix) {
			continue
		}
		text := w.chain.Text(at.text, w.verdict)
		at.text = ""
		if len(w.verdict.Blocked) == 0 {
			out = append(out, Rest{channel, text})
		}
	}
	return out
}

// Whole passes an event that repeats whole texts through the guardrails.
func (w *Window) Whole(data []byte) []byte { return []byte(w.chain.JSON(string(data), w.verdict)) }
