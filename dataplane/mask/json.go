package mask

import (
	"strings"
	"unsafe"
)

const (
	// maxDepth is how often a JSON string may hold JSON again; deeper text is masked as plain text, escapes and all.
	maxDepth = 4
	// maxNesting bounds objects within objects: a text of a million brackets must not exhaust the stack.
	maxNesting = 200
	// minNumber is the least length of a JSON number that could be personal data.
	minNumber = 8
)

// level is the memory for one depth of JSON within JSON.
type level struct {
	out    []byte
	text   []byte
	copied int
}

// walker masks the leaves of one JSON text. What it does not mask it copies byte by byte: the order of keys, the
// precision of numbers and the blanks stay.
type walker struct {
	*worker
	*level
	s     string
	depth int
}

// looksLikeJSON is cheap and may be wrong: the walker gives up at the first byte that is not JSON.
func looksLikeJSON(s string) bool {
	i := skipSpace(s, 0)
	return i < len(s) && (s[i] == '{' || s[i] == '[' || s[i] == '"')
}

// json masks a JSON text, or several behind each other as in JSON lines. It is not ok when s is not JSON.
func (w *worker) json(key, s string, depth int) (masked string, changed, ok bool) {
	l := &w.levels[depth]
	l.out, l.copied = l.out[:0], 0
	journal, traced := len(w.journal), w.traced()
	j := walker{worker: w, level: l, s: s, depth: depth}
	for i := skipSpace(s, 0); i < len(s); i = skipSpace(s, i) {
		if i = j.element(i, key, nil, 0); i < 0 {
			w.journal = w.journal[:journal]
			w.cutTrace(traced)
			return s, false, false
		}
	}
	if l.copied == 0 {
		return s, false, true
	}
	l.out = append(l.out, s[l.copied:]...)
	return string(l.out), true, true
}

// element masks the value at i and returns where it ends, or -1 when there is none. A forced detector takes all leaves.
func (j *walker) element(i int, key string, forced *detector, nesting int) int {
	if i >= len(j.s) || nesting > maxNesting {
		return -1
	}
	switch j.s[i] {
	case '{':
		return j.object(i+1, forced, nesting+1)
	case '[':
		return j.array(i+1, key, forced, nesting+1)
	case '"':
		end, escaped := scanString(j.s, i)
		if end > 0 {
			j.leaf(i, end, escaped, key, forced)
		}
		return end
	case 't':
		return scanWord(j.s, i, "true")
	case 'f':
		return scanWord(j.s, i, "false")
	case 'n':
		return scanWord(j.s, i, "null")
	}
	end := scanNumber(j.s, i)
	if end > 0 {
		j.number(i, end, key, forced)
	}
	return end
}

func (j *walker) object(i int, forced *detector, nesting int) int {
	i = skipSpace(j.s, i)
	if i < len(j.s) && j.s[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(j.s) || j.s[i] != '"' {
			return -1
		}
		end, escaped := scanString(j.s, i)
		if end < 0 {
			return -1
		}
		key := j.s[i+1 : end-1]
		j.key(i, end, escaped)
		i = skipSpace(j.s, end)
		if i >= len(j.s) || j.s[i] != ':' {
			return -1
		}
		below := forced
		if below == nil && j.engine.isBlocked(key) {
			below = blockedKey
		}
		if i = j.element(skipSpace(j.s, i+1), key, below, nesting); i < 0 {
			return -1
		}
		next, more := j.separator(i, '}')
		if !more {
			return next
		}
		i = next
	}
}

func (j *walker) array(i int, key string, forced *detector, nesting int) int {
	i = skipSpace(j.s, i)
	if i < len(j.s) && j.s[i] == ']' {
		return i + 1
	}
	for {
		if i = j.element(i, key, forced, nesting); i < 0 {
			return -1
		}
		next, more := j.separator(i, ']')
		if !more {
			return next
		}
		i = next
	}
}

// separator reads a comma or the closing bracket; next is -1 when neither is there.
func (j *walker) separator(i int, closing byte) (next int, more bool) {
	i = skipSpace(j.s, i)
	switch {
	case i >= len(j.s):
		return -1, false
	case j.s[i] == ',':
		return skipSpace(j.s, i+1), true
	case j.s[i] == closing:
		return i + 1, false
	}
	return -1, false
}

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
	j.out = appendQuoted(j.out, text)
	j.copied = end
}

// at tells the trace which string of the given text is masked now.
func (j *walker) at(i, end int) {
	if j.depth == 0 {
		j.base = origin{nested: true, start: i, end: end}
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

func scanWord(s string, i int, word string) int {
	if strings.HasPrefix(s[i:], word) {
		return i + len(word)
	}
	return -1
}
