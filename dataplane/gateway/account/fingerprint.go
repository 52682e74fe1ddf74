package account

import (
	"hash"
	"hash/fnv"
	"io"
	"maps"
	"slices"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/body"
)

// names differ from call to call although the call is the same.
var names = map[string]bool{"id": true, "tool_call_id": true, "tool_use_id": true, "call_id": true, "cache_control": true}

// Fingerprint is equal for two calls of a run that do the same: the same tools were called with the same arguments and
// brought the same results. What lies further back is left out, for a history grows with each turn of a loop.
func Fingerprint(model string, o *body.Object) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, model)
	list := o.Get("messages")
	if !list.Exists() {
		list = o.Get("input")
	}
	if !list.IsArray() {
		_, _ = io.WriteString(h, list.Raw)
		return h.Sum64()
	}
	items := list.Array()
	for _, item := range items[lastTurn(items):] {
		hashValue(h, item)
	}
	return h.Sum64()
}

// lastTurn is where what the model wrote last begins.
func lastTurn(items []gjson.Result) int {
	at := len(items) - 1
	for at >= 0 && !byModel(items[at]) {
		at--
	}
	for at > 0 && byModel(items[at-1]) {
		at--
	}
	return max(0, at)
}

func byModel(item gjson.Result) bool {
	if item.Get("role").Str == "assistant" {
		return true
	}
	kind := item.Get("type").Str
	return kind == "function_call" || kind == "reasoning" || kind == "custom_tool_call"
}

// hashValue is the same for two values that say the same: in which order an object has its fields, and how a text is escaped,
// says nothing. Models write the arguments of a repeated call in another order as they like.
func hashValue(h hash.Hash64, v gjson.Result) {
	switch {
	case v.IsObject():
		hashObject(h, v)
	case v.IsArray():
		_, _ = io.WriteString(h, "[")
		v.ForEach(func(_, item gjson.Result) bool {
			hashValue(h, item)
			return true
		})
		_, _ = io.WriteString(h, "]")
	case v.Type == gjson.String && isJSON(v.Str):
		hashValue(h, gjson.Parse(v.Str))
	case v.Type == gjson.String:
		_, _ = io.WriteString(h, v.Str+"\x00")
	default:
		_, _ = io.WriteString(h, v.Raw+"\x00")
	}
}

func hashObject(h hash.Hash64, v gjson.Result) {
	fields := v.Map()
	_, _ = io.WriteString(h, "{")
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !names[key] {
			_, _ = io.WriteString(h, key+"\x01")
			hashValue(h, fields[key])
		}
	}
	_, _ = io.WriteString(h, "}")
}

// isJSON says whether a text is an object or a list, as arguments of tools are; a longer one is a document.
func isJSON(s string) bool {
	return len(s) > 1 && len(s) < longestArguments && (s[0] == '{' || s[0] == '[') && body.Sound([]byte(s))
}

const longestArguments = 64 << 10
