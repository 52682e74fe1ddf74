package maskprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/mask"
)

// masker masks one batch with one engine: a batch never sees two sets of rules.
type masker struct {
	engine *mask.Engine
	// protected masks what metrics read: credentials only.
	protected *mask.Engine
	hits      mask.Hits
	dropped   int
}

func newMasker(rules Rules) *masker {
	return &masker{engine: rules.Engine(), protected: credentials}
}

// credentials is the built-in default: the Credentials pack.
var credentials = func() *mask.Engine {
	e, err := mask.NewEngine(mask.Default(), mask.Keys{})
	if err != nil {
		panic(err)
	}
	return e
}()

// guard runs the masking of one item and says whether the item may go on.
func (m *masker) guard(items int, masking func()) (forward bool) {
	// A panic here must cost one item, not the process: the agent's next spans would be lost with it.
	defer func() {
		if recover() != nil {
			forward = false
			m.dropped += items
		}
	}()
	masking()
	return true
}

// attributes masks a map in one pass. RemoveIf hands out the values in place.
func (m *masker) attributes(attrs pcommon.Map) { m.each(attrs, conventions.IsContent) }

// ofEvent masks the attributes of an event, which may be a message: all that it holds is content then.
func (m *masker) ofEvent(attrs pcommon.Map, isMessage bool) {
	if isMessage {
		m.each(attrs, conventions.IsEventContent)
		return
	}
	m.attributes(attrs)
}

func (m *masker) each(attrs pcommon.Map, isContent func(key string) bool) {
	attrs.RemoveIf(func(key string, v pcommon.Value) bool { return m.attribute(key, v, isContent) })
}

// attribute masks one value and says whether the attribute must go.
func (m *masker) attribute(key string, v pcommon.Value, isContent func(key string) bool) (drop bool) {
	if !m.engine.Key(key) {
		m.hits.Add(mask.Hits{Counts: []mask.Count{{Detector: "key", Count: 1}}})
		return true
	}
	switch {
	case isContent(key):
		return m.engine.Capture() == mask.CaptureNone || m.value(key, v, m.engine.Content, 0)
	case conventions.IsProtected(key):
		return m.value(key, v, m.protectedField, 0)
	default:
		return m.value(key, v, m.engine.Field, 0)
	}
}

// maskText is how one leaf is masked; the key is its context.
type maskText func(key, text string) (string, mask.Hits)

func (m *masker) protectedField(key, text string) (string, mask.Hits) {
	if !conventions.IsIdentifier(text) {
		return m.engine.Field(key, text)
	}
	return m.protected.Field(key, text)
}

func (m *masker) leaf(key, text string, how maskText) (string, mask.Hits) {
	// A backend that checks UTF-8 refuses the whole batch for one bad byte.
	text = strings.ToValidUTF8(text, "\uFFFD")
	text, hits := how(key, text)
	m.hits.Add(hits)
	return text, hits
}

// text masks a text that cannot be removed.
func (m *masker) text(old string, set func(string)) {
	if old == "" {
		return
	}
	text, hits := m.leaf("", old, m.engine.Field)
	if hits.Drop {
		text = mask.Dropped
	}
	if text != old {
		set(text)
	}
}

// state masks a trace state by removing it: a masked one would no longer be valid.
func (m *masker) state(ts pcommon.TraceState) {
	if raw := ts.AsRaw(); raw != "" {
		if _, hits := m.leaf("", raw, m.engine.Field); hits.Any() {
			ts.FromRaw("")
		}
	}
}

func (m *masker) resource(r pcommon.Resource) { m.attributes(r.Attributes()) }

func (m *masker) scope(s pcommon.InstrumentationScope) {
	m.text(s.Name(), s.SetName)
	m.text(s.Version(), s.SetVersion)
	m.attributes(s.Attributes())
}
