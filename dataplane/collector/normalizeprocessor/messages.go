package normalizeprocessor

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"agentops.dev/dataplane/collector/conventions"
)

// message is one entry of gen_ai.input.messages.
type message struct {
	Role         string `json:"role"`
	Parts        []part `json:"parts"`
	FinishReason string `json:"finish_reason,omitempty"`
}

type part struct {
	Type      string `json:"type"`
	Content   string `json:"content,omitempty"`
	ID        string `json:"id,omitempty"`
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments,omitempty"`
	Response  string `json:"response,omitempty"`
}

// maxMessages bounds the numbers that are taken for positions: one attribute could otherwise name message 2147483647.
const maxMessages = 10_000

// numbered splits "llm.input_messages.0.message.role" into where it belongs and "0.message.role".
func numbered(key string) (to, rest string, ok bool) {
	if !strings.HasPrefix(key, "gen_ai.") && !strings.HasPrefix(key, "llm.") {
		return "", "", false
	}
	for prefix, to := range conventions.Messages {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			return to, rest, true
		}
	}
	return "", "", false
}

// conversation collects the numbered attributes of one list of messages.
type conversation struct {
	messages map[int]*message
	parts    map[[2]int]*part
}

func newConversation() *conversation {
	return &conversation{messages: map[int]*message{}, parts: map[[2]int]*part{}}
}

// add takes one attribute and says whether it was understood; what was not stays in the span and is masked as it is.
func (c *conversation) add(rest string, v pcommon.Value) bool {
	words := strings.Split(strings.ReplaceAll(rest, "message.", ""), ".")
	n, ok := position(words[0])
	if !ok || len(words) < 2 {
		return false
	}
	m := c.message(n)
	switch field := words[1]; {
	case len(words) == 2 && field == "role":
		m.Role = v.AsString()
	case len(words) == 2 && field == "finish_reason":
		m.FinishReason = v.AsString()
	case len(words) == 2 && field == "content":
		c.part(n, 0, "text").Content = v.AsString()
	case len(words) == 2 && field == "tool_call_id":
		c.part(n, 0, "tool_call_response").ID = v.AsString()
	case len(words) >= 4 && field == "contents" && words[len(words)-1] == "text":
		return c.numberedPart(n, words[2], 1, "text", func(p *part) { p.Content = v.AsString() })
	case len(words) >= 4 && field == "tool_calls":
		return c.toolCall(n, words[2], words[len(words)-1], v)
	default:
		return false
	}
	return true
}

func (c *conversation) toolCall(n int, index, field string, v pcommon.Value) bool {
	return c.numberedPart(n, index, maxMessages, "tool_call", func(p *part) {
		switch field {
		case "name":
			p.Name = v.AsString()
		case "id":
			p.ID = v.AsString()
		case "arguments":
			p.Arguments = v.AsString()
		}
	})
}

func (c *conversation) numberedPart(n int, index string, offset int, kind string, fill func(*part)) bool {
	i, ok := position(index)
	if ok {
		fill(c.part(n, offset+i, kind))
	}
	return ok
}

func (c *conversation) message(n int) *message {
	if c.messages[n] == nil {
		c.messages[n] = &message{}
	}
	return c.messages[n]
}

func (c *conversation) part(n, i int, kind string) *part {
	p := c.parts[[2]int{n, i}]
	if p == nil {
		p = &part{}
		c.parts[[2]int{n, i}] = p
	}
	if p.Type == "" || kind == "tool_call_response" {
		p.Type = kind
	}
	return p
}

// ordered is the list in the order of its numbers.
func (c *conversation) ordered() []message {
	keys := slices.SortedFunc(maps.Keys(c.parts), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	for _, k := range keys {
		m, p := c.message(k[0]), *c.parts[k]
		if p.Type == "tool_call_response" {
			p.Response, p.Content = p.Content, ""
		}
		m.Parts = append(m.Parts, p)
	}
	out := make([]message, 0, len(c.messages))
	for _, n := range slices.Sorted(maps.Keys(c.messages)) {
		out = append(out, *c.messages[n])
	}
	return out
}

func position(word string) (int, bool) {
	n, err := strconv.Atoi(word)
	return n, err == nil && n >= 0 && n < maxMessages
}
