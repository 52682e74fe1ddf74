package mask

import (
	"unsafe"

	"agentops.dev/dataplane/canonical"
)

// minNumber is the least length of a JSON number that could be personal data.
const minNumber = 8

func (j *walker) key(i, end int, escaped bool) {
	j.at(i, end)
	if masked, changed := j.plain("", j.decode(i, end, escaped)); changed {
		j.put(i, end, masked)
	}
}

func (j *walker) leaf(i, end int, escaped bool, key string, forced *detector) {
	j.at(i, end)
	text := j.decode(i, end, escaped)
	masked, changed := "", false
	if forced != nil {
		masked, changed = j.force(forced, text)
	} else {
		masked, changed = j.value(key, text, j.depth+1)
	}
	if changed {
		j.put(i, end, masked)
	}
}

// number masks a JSON number; what is left is a string, as no number could say that it was masked.
func (j *walker) number(i, end int, key string, forced *detector) {
	text := j.s[i:end]
	if forced == nil {
		forced = j.set.field(key)
		if forced != nil && forced.check != nil && !forced.check(text) {
			forced = nil
		}
	}
	j.at(i, end)
	masked, changed := "", false
	if forced != nil {
		masked, changed = j.force(forced, text)
	} else if len(text) >= minNumber || len(j.set.always) > 0 {
		masked, changed = j.plain(key, text)
	}
	if changed {
		j.put(i, end, masked)
	}
}

func (j *walker) force(d *detector, text string) (string, bool) {
	if text == "" || j.set.placeholder(text) == len(text) {
		return text, false
	}
	j.note(d, 0, len(text))
	return string(j.engine.keys.appendPlaceholder(nil, d, text)), true
}

// decode returns the text of a JSON string. It lives until the next string of this depth.
func (j *walker) decode(i, end int, escaped bool) string {
	raw := j.s[i+1 : end-1]
	if !escaped {
		return raw
	}
	j.text = appendUnquoted(j.text[:0], raw)
	return unsafe.String(unsafe.SliceData(j.text), len(j.text))
}

// put replaces the token at i.
func (j *walker) put(i, end int, text string) {
	j.out = append(j.out, j.s[j.copied:i]...)
	j.out = canonical.AppendQuoted(j.out, text)
	j.copied = end
}

// at tells the trace which string of the given text is masked now.
func (j *walker) at(i, end int) {
	if j.depth == 0 {
		j.base = origin{nested: true, start: i, end: end}
	}
}
