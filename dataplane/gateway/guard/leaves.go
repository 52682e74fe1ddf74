package guard

import (
	"strings"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/mask"
)

// JSON passes a JSON text through the guardrails, and what comes of it is JSON. A detector that drops the text in which it
// finds something drops the string that this text stands in: without the brackets around it a request would be none, and
// the request as it came would be what is left.
func (c Chain) JSON(raw string, v *Verdict) string {
	masked := c.Text(raw, v)
	if masked == raw || gjson.Valid(masked) {
		return masked
	}
	var out strings.Builder
	c.leaves(&out, "", gjson.Parse(raw), v)
	return out.String()
}

// leaves writes a value, each string in it on its own. The key stands beside it, as it is context for detectors.
func (c Chain) leaves(out *strings.Builder, key string, value gjson.Result, v *Verdict) {
	if !value.IsObject() && !value.IsArray() {
		out.WriteString(c.leaf(key, value.Raw, v))
		return
	}
	first, open, end := true, "[", "]"
	if value.IsObject() {
		open, end = "{", "}"
	}
	out.WriteString(open)
	value.ForEach(func(k, below gjson.Result) bool {
		if !first {
			out.WriteByte(',')
		}
		first = false
		under := key
		if value.IsObject() {
			under = k.Str
			out.WriteString(c.leaf("", k.Raw, v) + ":")
		}
		c.leaves(out, under, below, v)
		return true
	})
	out.WriteString(end)
}

// leaf is one string, number or word, or what stands in its place.
func (c Chain) leaf(key, raw string, v *Verdict) string {
	name := string(gjson.AppendJSONString(nil, key))
	masked := c.Text("{"+name+":"+raw+"}", v)
	if left, ok := strings.CutPrefix(masked, "{"+name+":"); ok {
		return strings.TrimSuffix(left, "}")
	}
	return `"` + mask.Dropped + `"`
}
