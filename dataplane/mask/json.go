package mask

import "strings"

const (
	// maxDepth is how often a JSON string may hold JSON again; deeper text is masked as plain text, escapes and all.
	maxDepth = 4
	// maxNesting bounds objects within objects: a text of a million brackets must not exhaust the stack.
	maxNesting = 200
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
