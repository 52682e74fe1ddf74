package mask

import (
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// Dropped stands where a text must go and its place cannot be removed: a span name, a log body.
	Dropped = "[DROPPED]"
	// Binary stands for bytes that are not text: nobody can say what they hold.
	Binary = "[BYTES]"
)

// Engine masks texts by one set of rules. It is immutable and safe for use by many goroutines.
type Engine struct {
	rules *Rules
	keys  Keys
	all   *ruleset
	// credentials is what masks content that is captured in full.
	credentials *ruleset
	blocked     []string
	work        sync.Pool
}

// NewEngine compiles rules.
func NewEngine(r *Rules, keys Keys) (*Engine, error) {
	all, err := newRuleset(r.Own, r.Packs)
	if err != nil {
		return nil, err
	}
	credentials, err := newRuleset(nil, []Pack{credentialsPack(r)})
	if err != nil {
		return nil, err
	}
	e := &Engine{rules: r, keys: keys, all: all, credentials: credentials}
	for _, key := range r.BlockKeys {
		e.blocked = append(e.blocked, strings.ToLower(key))
	}
	return e, nil
}

// credentialsPack is on for content whatever the rules say: Full means full content, never full secrets.
func credentialsPack(r *Rules) Pack {
	for _, pack := range r.Packs {
		if pack.Name == "Credentials" {
			return pack
		}
	}
	return Pack{Name: "Credentials", Action: Redact}
}

// Rules returns what the engine was made of.
func (e *Engine) Rules() *Rules { return e.rules }

// Capture says what becomes of content.
func (e *Engine) Capture() Capture { return e.rules.Capture }

// String masks a value that is not content. When nothing matches it returns s itself and allocates nothing.
func (e *Engine) String(s string) (string, Hits) { return e.mask(e.all, "", s, nil) }

// Field masks the value of an attribute. The key is context: what stands under "db.password" is a secret whatever it
// looks like.
func (e *Engine) Field(key, s string) (string, Hits) { return e.mask(e.all, key, s, nil) }

// Content masks a value that holds content by the rules' capture: None empties it (and reports Drop), Masked applies
// all rules, Full applies the Credentials pack only.
func (e *Engine) Content(key, s string) (string, Hits) {
	switch e.rules.Capture {
	case CaptureFull:
		return e.mask(e.credentials, key, s, nil)
	case CaptureMasked:
		return e.mask(e.all, key, s, nil)
	default:
		return "", Hits{Drop: true}
	}
}

// Bytes masks a value of bytes: as text when it is UTF-8, else it becomes [BYTES].
func (e *Engine) Bytes(key string, b []byte) ([]byte, Hits) {
	if !utf8.Valid(b) {
		return []byte(Binary), Hits{}
	}
	masked, hits := e.Field(key, string(b))
	if !hits.Any() {
		return b, hits
	}
	return []byte(masked), hits
}

// Key says whether an attribute may keep its key: a blocked key, or one that holds what a rule masks, must go with its
// value.
func (e *Engine) Key(k string) (keep bool) {
	if e.isBlocked(k) {
		return false
	}
	_, hits := e.mask(e.all, "", k, nil)
	return !hits.Any()
}

// isBlocked compares the whole key, or its last segments: "authorization" also blocks "http.request.header.authorization".
func (e *Engine) isBlocked(key string) bool {
	for _, b := range e.blocked {
		if len(key) < len(b) || !strings.EqualFold(key[len(key)-len(b):], b) {
			continue
		}
		if len(key) == len(b) || key[len(key)-len(b)-1] == '.' {
			return true
		}
	}
	return false
}

func (e *Engine) mask(set *ruleset, key, s string, trace *[]Match) (string, Hits) {
	if s == "" {
		return s, Hits{}
	}
	if !utf8.ValidString(s) {
		// Exporters refuse a whole batch for one invalid string.
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	w, _ := e.work.Get().(*worker)
	if w == nil {
		w = &worker{}
	}
	defer e.work.Put(w)
	w.begin(e, set, len(s), trace)
	masked, changed := w.value(key, s, 0)
	if !changed {
		return s, Hits{}
	}
	hits := w.hits()
	if hits.Drop {
		return Dropped, hits
	}
	return masked, hits
}
