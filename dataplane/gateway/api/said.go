package api

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Part says what a streamed text is to its answer.
type Part int

// The parts that a judge tells apart. Aside is what was thought, and what other answers to the same question say.
const (
	Aside Part = iota
	Words
	Arguments
)

// Said is what a judge looks at: the words of the first answer, without what was thought before them, and the arguments of
// its tool calls, each of which ought to be JSON.
type Said struct {
	Text  string
	Tools []string
}

// Said implements API.
func (Chat) Said(answer gjson.Result) Said {
	m := answer.Get("choices.0.message")
	out := Said{Text: m.Get("content").String() + m.Get("refusal").String()}
	m.Get("tool_calls").ForEach(func(_, call gjson.Result) bool {
		// A custom tool takes text, which no rule says to be JSON.
		if f := call.Get("function"); f.Exists() {
			out.Tools = append(out.Tools, f.Get("arguments").Str)
		}
		return true
	})
	return out
}

// Said implements API.
func (Responses) Said(answer gjson.Result) Said {
	out := Said{}
	answer.Get("output").ForEach(func(_, item gjson.Result) bool {
		if item.Get("type").Str == "function_call" {
			out.Tools = append(out.Tools, item.Get("arguments").Str)
			return true
		}
		item.Get("content").ForEach(func(_, part gjson.Result) bool {
			if kind := part.Get("type").Str; kind == "output_text" || kind == "refusal" {
				out.Text += part.Get("text").Str + part.Get("refusal").Str
			}
			return true
		})
		return true
	})
	return out
}

// Said implements API.
func (Messages) Said(answer gjson.Result) Said {
	out := Said{}
	answer.Get("content").ForEach(func(_, block gjson.Result) bool {
		switch block.Get("type").Str {
		case "text":
			out.Text += block.Get("text").Str
		case "tool_use":
			out.Tools = append(out.Tools, block.Get("input").Raw)
		}
		return true
	})
	return out
}

// Said implements API.
func (Embeddings) Said(gjson.Result) Said { return Said{} }

// Gathered is what a stream has said so far.
type Gathered struct {
	text     strings.Builder
	channels []string
	tools    map[string]string
}

// Add takes the texts of one event.
func (g *Gathered) Add(pieces []Piece) {
	for _, p := range pieces {
		switch p.Part {
		case Words:
			g.text.WriteString(p.Text)
		case Arguments:
			if g.tools == nil {
				g.tools = map[string]string{}
			}
			if !slices.Contains(g.channels, p.Channel) {
				g.channels = append(g.channels, p.Channel)
			}
			g.tools[p.Channel] += p.Text
		}
	}
}

// Said is all of it.
func (g *Gathered) Said() Said {
	out := Said{Text: g.text.String()}
	for _, channel := range g.channels {
		out.Tools = append(out.Tools, g.tools[channel])
	}
	return out
}
