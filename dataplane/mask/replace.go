package mask

import (
	"unicode"
	"unicode/utf8"
)

// maxTail is how many characters Partial keeps.
const maxTail = 4

// appendPlaceholder writes what stands for a value.
func (k Keys) appendPlaceholder(out []byte, d *detector, value string) []byte {
	if d.action == Drop {
		return append(out, Dropped...)
	}
	out = append(out, '[')
	out = append(out, d.label...)
	switch {
	case d.action == Hash && k.Present():
		out = append(out, ':')
		out = append(out, k.digest(value)...)
	case d.action == Partial:
		out = append(out, ":…"...)
		out = append(out, tail(value)...)
	}
	return append(out, ']')
}

// tail returns the last characters of a value, at most a third of it: four of six would give it away. It stops at the
// first character that is no letter or digit, which could close a quote or the placeholder itself.
func tail(value string) string {
	keep := min(maxTail, utf8.RuneCountInString(value)/3)
	at := len(value)
	for ; keep > 0; keep-- {
		r, size := utf8.DecodeLastRuneInString(value[:at])
		if r == utf8.RuneError || (!unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			break
		}
		at -= size
	}
	return value[at:]
}
