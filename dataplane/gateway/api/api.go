// Package api knows the interfaces that clients speak: where the text is in requests, answers and events, what was used,
// and how an error looks. It knows no provider.
package api

import (
	"fmt"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"agentops.dev/dataplane/gateway/body"
)

// Kind names an interface.
type Kind string

// The interfaces there are.
const (
	ChatKind       Kind = "chat"
	ResponsesKind  Kind = "responses"
	EmbeddingsKind Kind = "embeddings"
	MessagesKind   Kind = "messages"
)

// API is one of the interfaces that clients speak.
type API interface {
	Kind() Kind
	// Operation is gen_ai.operation.name.
	Operation() string
	// Check refuses a request that could not be limited.
	Check(o *body.Object) *Invalid
	// Asked is the maximum of output tokens that the client asked for (0: it said nothing) and the number of answers.
	Asked(o *body.Object) (most, answers int64)
	// Clamp writes the maximum.
	Clamp(o *body.Object, most int64)
	// Content are the fields that a model reads, those that hold the conversation first.
	Content() []string
	// Usage is what an answer says that it used.
	Usage(answer gjson.Result) Usage
	// Written is all the text of an answer, for estimates.
	Written(answer gjson.Result) string
	// Said is what of it a judge looks at.
	Said(answer gjson.Result) Said
	// Finished says whether the JSON is a whole answer of this interface.
	Finished(answer gjson.Result) bool
	// Answers are the fields of an answer that hold what the model wrote.
	Answers() []string
	// Restate makes an event that says a text in the channel of a piece; template is the last event of that channel.
	Restate(template Event, p Piece, text string) Event
	// NewReader reads one stream.
	NewReader(o *body.Object) Reader
	// Error is the body of an error.
	Error(e Error) []byte
	// ErrorEvent is the last event of a stream that failed.
	ErrorEvent(e Error) Event
}

// Event is one server-sent event.
type Event struct {
	Name string
	Data []byte
}

// Step is what an event means.
type Step struct {
	// Content: something of the answer came. From then on no other target can take over.
	Content bool
	// Last: the answer is whole with this event.
	Last bool
	// Skip: the client did not ask for this event.
	Skip bool
	// Failed is what the provider said in place of an answer.
	Failed string
	// Flush: texts of these channels end before this event; "" ends all.
	Flush []string
	// Whole: the event repeats text that was streamed before.
	Whole bool
	// Pieces of text in the event.
	Pieces []Piece
}

// Piece is a part of a text that is streamed.
type Piece struct {
	// Channel tells texts apart that are streamed side by side.
	Channel string
	// Path leads to the text in Event.Data.
	Path string
	Text string
	Part Part
}

// Reader follows one stream.
type Reader interface {
	Read(e Event) Step
	// Complete says that the answer is whole although no last event came: some servers just stop.
	Complete() bool
	// Usage so far.
	Usage() Usage
	// Written is how many tokens the text so far is, by estimate.
	Written() int64
}

// Usage of one call. Input holds what was read from a cache and written to one; Output holds reasoning.
type Usage struct {
	Input, CachedInput, CacheWrite int64
	Output, Reasoning              int64
	// Known is false when the provider said nothing, or what cannot be.
	Known bool
	// Estimated marks figures that are ours.
	Estimated bool
}

// Add sums calls up.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Input + v.Input, u.CachedInput + v.CachedInput, u.CacheWrite + v.CacheWrite, u.Output + v.Output,
		u.Reasoning + v.Reasoning, u.Known && v.Known, u.Estimated || v.Estimated}
}

// plausible drops figures that cannot be.
func (u Usage) plausible() Usage {
	if u.Input < 0 || u.Output < 0 || u.CachedInput < 0 || u.CacheWrite < 0 || u.Reasoning < 0 || u.Input+u.Output == 0 ||
		u.CachedInput+u.CacheWrite > u.Input || u.Reasoning > u.Output {
		return Usage{}
	}
	u.Known = true
	return u
}

// Invalid says which field of a request is wrong.
type Invalid struct{ Param, Message string }

func (i *Invalid) Error() string { return i.Param + ": " + i.Message }

// Error is an error for a client.
type Error struct {
	Status              int
	Message, Type, Code string
	Param               string
	// Hold says what a held run waits for; nil where none does.
	Hold *Hold
}

// Hold of a run, as the error of a refused call tells it.
type Hold struct {
	Run    string `json:"run"`
	Number int64  `json:"number"`
	Reason string `json:"reason"`
	Limit  int64  `json:"limit"`
	Used   int64  `json:"used"`
	Budget string `json:"budget,omitempty"`
	// Since and Expires are instants as in RFC 3339.
	Since   string `json:"since"`
	Expires string `json:"expires"`
	// Decide says who decides and how.
	Decide string `json:"decide"`
}

// ForPath finds the interface of a request's path.
func ForPath(path string) (API, bool) {
	switch path {
	case "/v1/chat/completions", "/openai/v1/chat/completions":
		return Chat{}, true
	case "/v1/responses", "/openai/v1/responses":
		return Responses{}, true
	case "/v1/embeddings", "/openai/v1/embeddings":
		return Embeddings{}, true
	case "/v1/messages", "/anthropic/v1/messages":
		return Messages{}, true
	}
	return nil, false
}

// count checks a number of tokens or answers.
func count(o *body.Object, key string, most int64) *Invalid {
	v := o.Get(key)
	if !v.Exists() || v.Type == gjson.Null {
		return nil
	}
	if v.Type != gjson.Number || v.Num != float64(int64(v.Num)) || v.Num < 1 || v.Num > float64(most) {
		return &Invalid{key, fmt.Sprintf("write a whole number from 1 to %d", most)}
	}
	return nil
}

// replace writes another text where a piece was.
func replace(e Event, path, text string) Event {
	if out, err := sjson.SetBytes(e.Data, path, text); err == nil {
		e.Data = out
	}
	return e
}

// Replace writes another text into an event in the place of a piece.
func Replace(e Event, p Piece, text string) Event { return replace(e, p.Path, text) }

func firstInvalid(checks ...*Invalid) *Invalid {
	for _, c := range checks {
		if c != nil {
			return c
		}
	}
	return nil
}

const (
	maxTokens  = int64(1e9)
	maxAnswers = 128
)

// nonEmpty checks that a field is there and of a type.
func nonEmpty(o *body.Object, key string) *Invalid {
	v := o.Get(key)
	if !v.Exists() || v.Type == gjson.Null || v.Raw == `""` || v.Raw == "[]" {
		return &Invalid{key, "it is missing"}
	}
	return nil
}
