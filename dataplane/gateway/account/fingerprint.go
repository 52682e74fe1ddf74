package account

import (
	"hash"
	"hash/fnv"
	"io"

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

func hashValue(h hash.Hash64, v gjson.Result) {
	if !v.IsArray() && !v.IsObject() {
		_, _ = io.WriteString(h, v.Raw+"\x00")
		return
	}
	v.ForEach(func(key, item gjson.Result) bool {
		if !names[key.Str] {
			_, _ = io.WriteString(h, key.Str+"\x01")
			hashValue(h, item)
		}
		return true
	})
}
