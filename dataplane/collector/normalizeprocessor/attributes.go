package normalizeprocessor

import (
	"encoding/json"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"agentops.dev/dataplane/collector/conventions"
)

// normalize brings one set of attributes to the current names. A current name that is present already wins.
func normalize(attrs pcommon.Map) {
	found := old(attrs)
	if found == nil {
		return
	}
	operation(attrs)
	for key, msgs := range found.messages {
		messages(attrs, key, msgs)
	}
	for _, r := range found.renamed {
		if _, present := attrs.Get(r.to); !present {
			r.value.MoveTo(attrs.PutEmpty(r.to))
		}
	}
	provider(attrs)
	finishReasons(attrs)
	wholeMessages(attrs, "input.value", conventions.InputMessages, "user")
	wholeMessages(attrs, "output.value", conventions.OutputMessages, "assistant")
}

type rename struct {
	to    string
	value pcommon.Value
}

type findings struct {
	renamed  []rename
	messages map[string]*conversation
}

func isKind(key string) bool {
	return slices.ContainsFunc(conventions.Kinds, func(k conventions.Kind) bool { return k.Key == key })
}

// old takes the attributes with old names out of the map; nil means that there are none, which is the usual case.
func old(attrs pcommon.Map) *findings {
	var f *findings
	need := func() *findings {
		if f == nil {
			f = &findings{messages: map[string]*conversation{}}
		}
		return f
	}
	attrs.RemoveIf(func(key string, v pcommon.Value) bool {
		if to, ok := conventions.Renames[key]; ok {
			moved := pcommon.NewValueEmpty()
			v.MoveTo(moved)
			need().renamed = append(f.renamed, rename{to, moved})
			return true
		}
		if conventions.Redundant[key] {
			return true
		}
		if isKind(key) {
			need()
			return false
		}
		if to, rest, ok := numbered(key); ok {
			need()
			if f.messages[to] == nil {
				f.messages[to] = newConversation()
			}
			return f.messages[to].add(rest, v)
		}
		return false
	})
	return f
}

// operation derives gen_ai.operation.name from the attribute that other conventions state a span's kind with.
func operation(attrs pcommon.Map) {
	if _, present := attrs.Get(conventions.OperationName); present {
		return
	}
	for _, kind := range conventions.Kinds {
		v, ok := attrs.Get(kind.Key)
		if !ok {
			continue
		}
		if name := kind.Names[v.AsString()]; name != "" {
			attrs.PutStr(conventions.OperationName, name)
			return
		}
	}
}

func provider(attrs pcommon.Map) {
	if v, ok := attrs.Get(conventions.ProviderName); ok {
		if name := conventions.Providers[v.AsString()]; name != "" {
			v.SetStr(name)
		}
	}
}

// finishReasons makes a list of what OpenLLMetry states as one text.
func finishReasons(attrs pcommon.Map) {
	v, ok := attrs.Get(conventions.FinishReasons)
	if !ok || v.Type() != pcommon.ValueTypeStr {
		return
	}
	reason := v.Str()
	v.SetEmptySlice().AppendEmpty().SetStr(reason)
}

func messages(attrs pcommon.Map, key string, c *conversation) {
	if _, present := attrs.Get(key); present || len(c.parts) == 0 {
		return
	}
	if text, err := json.Marshal(c.ordered()); err == nil {
		attrs.PutStr(key, string(text))
	}
}

// wholeMessages serves spans that state their input or output as one text only. Chains and tools keep theirs.
func wholeMessages(attrs pcommon.Map, from, to, role string) {
	v, ok := attrs.Get(from)
	if !ok || !isInference(attrs) {
		return
	}
	if _, present := attrs.Get(to); !present {
		text, err := json.Marshal([]message{{Role: role, Parts: []part{{Type: "text", Content: v.AsString()}}}})
		if err != nil {
			return
		}
		attrs.PutStr(to, string(text))
	}
	// The same text twice would double the size of what is stored and sent.
	attrs.Remove(from)
}

func isInference(attrs pcommon.Map) bool {
	v, ok := attrs.Get(conventions.OperationName)
	return ok && (v.AsString() == "chat" || v.AsString() == "text_completion")
}
