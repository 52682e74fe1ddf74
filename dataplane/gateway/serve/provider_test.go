package serve

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// provider plays a provider of both languages. Its mode says how it fails.
type provider struct {
	name, url string

	mu     sync.Mutex
	mode   string
	bodies []string
	auth   []string
	answer string
	gone   chan struct{}
}

func newProvider(t *testing.T, name string) *provider {
	p := &provider{name: name, answer: "Hello from " + name + ".", gone: make(chan struct{}, 16)}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *provider) set(mode string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
}

func (p *provider) says(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = text
}

// asked returns the bodies so far.
func (p *provider) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.bodies...)
}

func (p *provider) last() gjson.Result {
	asked := p.asked()
	if len(asked) == 0 {
		return gjson.Result{}
	}
	return gjson.Parse(asked[len(asked)-1])
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	mode, text := p.mode, p.answer
	p.bodies = append(p.bodies, string(data))
	p.auth = append(p.auth, r.Header.Get("Authorization")+r.Header.Get("X-Api-Key"))
	p.mu.Unlock()
	if p.fails(w, r, mode) {
		return
	}
	body := gjson.ParseBytes(data)
	switch {
	case strings.HasSuffix(r.URL.Path, "/embeddings"):
		_, _ = w.Write([]byte(`{"object":"list","model":"e","data":[{"object":"embedding","index":0,"embedding":[0.5,0.25]}],"usage":{"prompt_tokens":3,"total_tokens":3}}`))
	case body.Get("stream").Bool():
		p.stream(w, r, mode, text)
	default:
		p.whole(w, r, mode, text)
	}
}

func (p *provider) fails(w http.ResponseWriter, r *http.Request, mode string) bool {
	status := map[string]int{"500": 500, "429": 429, "401": 401, "400": 400, "refusal": 403, "404": 404}[mode]
	switch {
	case mode == "reset":
		c, _, _ := w.(http.Hijacker).Hijack()
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	case mode == "timeout":
		<-r.Context().Done()
	case mode == "garbage":
		_, _ = w.Write([]byte("<html>oops"))
	case status == 429:
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"error":{"message":"slow down","type":"rate_limit"}}`))
	case mode == "refusal":
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"error":{"message":"no","type":"invalid_request_error","code":"content_policy_violation"}}`))
	case status != 0:
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"error":{"message":"words of ` + p.name + `","type":"t","code":"c"}}`))
	default:
		return false
	}
	return true
}

func (p *provider) whole(w http.ResponseWriter, r *http.Request, mode, text string) {
	quoted, _ := json.Marshal(text)
	usage := `,"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4}}`
	if mode == "no usage" {
		usage = ""
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/messages"):
		_, _ = w.Write([]byte(`{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":` + string(quoted) + `}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}}`))
	case strings.HasSuffix(r.URL.Path, "/responses"):
		_, _ = w.Write([]byte(`{"id":"resp_1","object":"response","model":"m","status":"completed","output":[{"type":"message","id":"x","role":"assistant","status":"completed","content":[{"type":"output_text","text":` + string(quoted) + `,"annotations":[]}]}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}`))
	default:
		_, _ = w.Write([]byte(`{"id":"chat-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":` + string(quoted) + `}}]` + usage + `}`))
	}
}

// stream says the answer in pieces of five bytes.
func (p *provider) stream(w http.ResponseWriter, r *http.Request, mode, text string) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := w.(http.Flusher).Flush
	send := func(name, data string) {
		if name != "" {
			_, _ = w.Write([]byte("event: " + name + "\n"))
		}
		_, _ = w.Write([]byte("data: " + data + "\n\n"))
		flush()
	}
	head, piece, tail := chatStream(mode)
	if strings.HasSuffix(r.URL.Path, "/messages") {
		head, piece, tail = messageStream()
	}
	if mode == "slow" {
		<-r.Context().Done()
		return
	}
	for mode == "never begins" && r.Context().Err() == nil {
		_, _ = w.Write([]byte(strings.Repeat("data: {\"choices\":[]}\n\n", 1000)))
	}
	for _, e := range head {
		send(e[0], e[1])
	}
	if mode == "thinking" {
		<-r.Context().Done()
		return
	}
	if mode == "cut before" {
		panic(http.ErrAbortHandler)
	}
	for at := 0; at < len(text); at += 5 {
		quoted, _ := json.Marshal(text[at:min(at+5, len(text))])
		send(piece[0], strings.Replace(piece[1], "TEXT", string(quoted), 1))
		switch {
		case mode == "cut":
			panic(http.ErrAbortHandler)
		case mode == "garbage inside":
			send("", `{"choices": oh no`)
		case mode == "silent":
			<-r.Context().Done()
			return
		case mode == "flood":
			at = -5
			if r.Context().Err() != nil {
				return
			}
		case mode == "endless":
			at = -5
			select {
			case <-r.Context().Done():
				p.gone <- struct{}{}
				return
			case <-time.After(time.Millisecond):
			}
		}
	}
	for _, e := range tail {
		send(e[0], e[1])
	}
}

type event [2]string

func chatStream(mode string) (head []event, piece event, tail []event) {
	chunk := func(choices, more string) event {
		return event{"", `{"id":"chat-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[` + choices + `]` + more + `}`}
	}
	tail = []event{chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`, "")}
	if mode != "no usage" {
		tail = append(tail, chunk("", `,"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}`))
	}
	return []event{chunk(`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`, "")},
		chunk(`{"index":0,"delta":{"content":TEXT},"finish_reason":null}`, ""), append(tail, event{"", "[DONE]"})
}

func messageStream() (head []event, piece event, tail []event) {
	return []event{
			{"message_start", `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}`},
			{"content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`},
		}, event{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":TEXT}}`}, []event{
			{"content_block_stop", `{"type":"content_block_stop","index":0}`},
			{"message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}`},
			{"message_stop", `{"type":"message_stop"}`},
		}
}
