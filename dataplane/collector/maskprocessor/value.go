package maskprocessor

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"agentops.dev/dataplane/collector/conventions"
)

// maxDepth bounds nested values: a value nested deeper is cut, since no real one is and the stack is finite.
const maxDepth = 64

// cut stands for the part of a value that was nested too deep to look at.
const cut = "[NESTED]"

// value masks a value of any type, keeps its type where it can, and says whether it must go.
func (m *masker) value(key string, v pcommon.Value, how maskText, depth int) (drop bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return m.str(key, v, how)
	case pcommon.ValueTypeInt:
		if !isSuspicious(float64(v.Int())) {
			return false
		}
		return m.number(key, v, strconv.FormatInt(v.Int(), 10), how)
	case pcommon.ValueTypeDouble:
		if !isSuspicious(v.Double()) {
			return false
		}
		return m.number(key, v, strconv.FormatFloat(v.Double(), 'f', -1, 64), how)
	case pcommon.ValueTypeBytes:
		return m.bytes(key, v)
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		if depth >= maxDepth {
			v.SetStr(cut)
			return false
		}
		m.children(key, v, how, depth+1)
	}
	return false
}

func (m *masker) children(key string, v pcommon.Value, how maskText, depth int) {
	if v.Type() == pcommon.ValueTypeSlice {
		v.Slice().RemoveIf(func(e pcommon.Value) bool { return m.value(key, e, how, depth) })
		return
	}
	v.Map().RemoveIf(func(k string, e pcommon.Value) bool {
		return !m.engine.Key(k) || m.value(k, e, how, depth)
	})
}

func (m *masker) str(key string, v pcommon.Value, how maskText) (drop bool) {
	old := v.Str()
	text, hits := m.leaf(key, old, how)
	if hits.Drop {
		return true
	}
	if text != old {
		v.SetStr(text)
	}
	return false
}

// isSuspicious says whether a number is long enough for a card, a phone or an identity number; most are far shorter.
func isSuspicious(n float64) bool { return math.Abs(n) >= 1e7 && math.Abs(n) < 1e20 }

func (m *masker) number(key string, v pcommon.Value, digits string, how maskText) (drop bool) {
	// A protected number stays what it is: as text it would vanish from the token counters.
	if conventions.IsProtected(key) {
		return false
	}
	text, hits := m.leaf(key, digits, how)
	if hits.Any() && !hits.Drop {
		v.SetStr(text)
	}
	return hits.Drop
}

func (m *masker) bytes(key string, v pcommon.Value) (drop bool) {
	masked, hits := m.engine.Bytes(key, v.Bytes().AsRaw())
	m.hits.Add(hits)
	if hits.Drop {
		return true
	}
	v.Bytes().FromRaw(masked)
	return false
}
