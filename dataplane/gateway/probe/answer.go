package probe

import (
	"bytes"
	"net/http"

	"github.com/tidwall/gjson"
)

// answer is what a client of the twin sees.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// code is the gateway's reason to refuse, at once or at the end of a stream; empty when the call was answered.
func (a *answer) code() string {
	if a.status != http.StatusOK {
		if code := a.header.Get("X-Agentops-Denied"); code != "" {
			return code
		}
		return "HTTP " + http.StatusText(a.status)
	}
	for _, e := range a.events() {
		if code := e.Get("error.code").Str; code != "" {
			return code
		}
	}
	return ""
}

// events of the answer that are JSON; none where it is no stream.
func (a *answer) events() (found []gjson.Result) {
	for line := range bytes.Lines(a.body.Bytes()) {
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok && gjson.ValidBytes(data) {
			found = append(found, gjson.ParseBytes(data))
		}
	}
	return found
}

// texts are what the client reads as the model's words: one for each of the answers, whole or streamed.
func (a *answer) texts(answers int) []string {
	out := make([]string, answers)
	add := func(choices gjson.Result, path string) {
		for _, choice := range choices.Array() {
			if i := int(choice.Get("index").Int()); i < answers {
				out[i] += choice.Get(path).Str
			}
		}
	}
	add(gjson.GetBytes(a.body.Bytes(), "choices"), "message.content")
	for _, e := range a.events() {
		add(e.Get("choices"), "delta.content")
	}
	return out
}
