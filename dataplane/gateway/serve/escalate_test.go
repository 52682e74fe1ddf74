package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/plan"
)

// scripted is a provider that says what it is told: one body, or as many events as there are lines.
type scripted struct {
	*httptest.Server
	asked atomic.Int64
}

func script(t *testing.T, answer func(body gjson.Result) (status int, lines []string)) *scripted {
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		s.asked.Add(1)
		status, lines := answer(gjson.ParseBytes(data))
		stream := status == 200 && gjson.GetBytes(data, "stream").Bool()
		if stream {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		w.WriteHeader(status)
		for _, line := range lines {
			if stream {
				line = "data: " + line + "\n\n"
			}
			_, _ = io.WriteString(w, line)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// cheapFirst is a world in which a cheap target answers by a script, and b is the strong one.
func cheapFirst(t *testing.T, e plan.Escalation, cheap *scripted) *world {
	return newWorld(t, func(p *plan.Plan) {
		target := p.Targets["a"]
		target.Endpoint, target.Credential = cheap.URL, nil
		p.Targets["a"] = target
		r := p.Routes["chat"]
		r.Routing, r.Escalation = plan.CostFirst, &e
		p.Routes["chat"] = r
	})
}

// chunk of a chat completion that is streamed.
func chunk(delta, more string) string {
	return `{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":` + delta + more + `}]}`
}

func end(reason string) []string {
	return []string{chunk(`{}`, `,"finish_reason":"`+reason+`"`), `{"id":"c","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`, "[DONE]"}
}

func wholeChat(message, more string) []string {
	return []string{`{"id":"c","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":` + message + more + `}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`}
}

const wantsTotal = `,"response_format":{"type":"json_schema","json_schema":{"name":"t","schema":{"type":"object","required":["total"]}}}`

// A judge looks at the answer and not at what was thought before it, nor at the words around a call of a tool; a stream is
// judged like a whole answer.
func TestTheAnswerIsJudgedAndNotWhatWasThought(t *testing.T) {
	tool := func(args string) (whole, streamed []string) {
		quoted, _ := json.Marshal(args)
		whole = wholeChat(`{"role":"assistant","content":"I look it up.","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":`+string(quoted)+`}}]}`, "")
		streamed = append([]string{chunk(`{"content":"I look it up."}`, "")}, chunk(`{"tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":""}}]}`, ""),
			chunk(`{"tool_calls":[{"index":0,"function":{"arguments":`+string(quoted)+`}}]}`, ""))
		return whole, append(streamed, end("tool_calls")...)
	}
	goodTool, goodToolStream := tool(`{"q":1}`)
	badTool, badToolStream := tool(`{"q":`)
	for name, tc := range map[string]struct {
		whole, streamed []string
		more, want      string
	}{
		"thought, then JSON": {wholeChat(`{"role":"assistant","reasoning_content":"Let me see. I don't know yet.","content":"{\"total\":3}"}`, ""),
			append([]string{chunk(`{"reasoning_content":"Let me see. I don't know yet."}`, ""), chunk(`{"content":"{\"total\":3}"}`, "")}, end("stop")...), wantsTotal, "a"},
		"thought, then prose": {wholeChat(`{"role":"assistant","reasoning_content":"{\"total\":3}","content":"three"}`, ""),
			append([]string{chunk(`{"reasoning_content":"{\"total\":3}"}`, ""), chunk(`{"content":"three"}`, "")}, end("stop")...), wantsTotal, "b"},
		"a call of a tool":        {goodTool, goodToolStream, wantsTotal, "a"},
		"a call that is no JSON":  {badTool, badToolStream, "", "b"},
		"the judge's words in it": {wholeChat(`{"role":"assistant","content":"I don't know."}`, ""), append([]string{chunk(`{"content":"I don't"}`, ""), chunk(`{"content":" know."}`, "")}, end("stop")...), "", "b"},
	} {
		cheap := script(t, func(body gjson.Result) (int, []string) {
			if body.Get("stream").Bool() {
				return 200, tc.streamed
			}
			return 200, tc.whole
		})
		w := cheapFirst(t, plan.Escalation{On: []plan.Signal{plan.SchemaInvalid, plan.JudgeRule}, Judge: []string{"(?i)i don't know"}}, cheap)
		for _, stream := range []string{"", `,"stream":true`} {
			if got := w.chat(tc.more + stream); got.status != 200 || got.header.Get("X-Agentops-Target") != tc.want || cheap.asked.Load() == 0 {
				t.Errorf("%s%s: got %d by %s, want %s: %s", name, stream, got.status, got.header.Get("X-Agentops-Target"), tc.want, got.text)
			}
		}
	}
}

// sure answers with tokens of a probability where it is asked for it.
func sure(logprob float64) func(body gjson.Result) (int, []string) {
	return func(body gjson.Result) (int, []string) {
		probs := ""
		if body.Get("logprobs").Bool() {
			probs = fmt.Sprintf(`,"logprobs":{"content":[{"token":"x","logprob":%v}]}`, logprob)
		}
		if body.Get("stream").Bool() {
			return 200, append([]string{chunk(`{"content":"cheap"}`, probs), chunk(`{"content":" words"}`, probs)}, end("stop")...)
		}
		return 200, wholeChat(`{"role":"assistant","content":"cheap words"}`, probs)
	}
}

// A stream tells how certain it is too, and the client does not see what it did not ask for.
func TestStreamsTellHowCertainTheyAre(t *testing.T) {
	low := plan.Escalation{On: []plan.Signal{plan.LowConfidence}, MinConfidencePercent: 70}
	for _, stream := range []string{"", `,"stream":true`} {
		for logprob, want := range map[float64]string{-0.01: "a", -2: "b"} {
			w := cheapFirst(t, low, script(t, sure(logprob)))
			got := w.chat(stream)
			if got.header.Get("X-Agentops-Target") != want || strings.Contains(got.text, "logprob") {
				t.Errorf("%v%s: got %s", logprob, stream, got.text)
			}
			if got := w.chat(stream + `,"logprobs":true`); strings.Contains(got.text, "logprob") != (want == "a") {
				t.Errorf("%v%s: asked for by the client: %s", logprob, stream, got.text)
			}
		}
	}
}

// The strong target is not asked how certain it is: models that think refuse that question, and the call would fail.
func TestTheStrongestTargetIsAskedAsTheClientDid(t *testing.T) {
	w := cheapFirst(t, plan.Escalation{On: []plan.Signal{plan.LowConfidence}, MinConfidencePercent: 70}, script(t, sure(-2)))
	if got := w.chat(""); got.status != 200 || w.b.last().Get("logprobs").Exists() {
		t.Errorf("got %d, b was asked %s", got.status, w.b.last().Raw)
	}
}

// Where no answer can tell how certain it is, the cheap one would be paid for and thrown away each time.
func TestWhatCannotTellItsCertaintyGoesToTheStrongestTarget(t *testing.T) {
	cheap := script(t, func(gjson.Result) (int, []string) { return 200, wholeChat(`{"role":"assistant","content":"x"}`, "") })
	w := cheapFirst(t, plan.Escalation{On: []plan.Signal{plan.LowConfidence}, MinConfidencePercent: 70}, cheap)
	ask := func() answer { return w.post("/v1/messages", `{"model":"chat","max_tokens":50,`+userHello+`}`) }
	if got := ask(); got.status != 200 || got.header.Get("X-Agentops-Target") != "b" || cheap.asked.Load() != 0 || w.report().Usage.Input != 10 {
		t.Errorf("got %d %v, the cheap target was asked %d times", got.status, got.header, cheap.asked.Load())
	}
	w.b.set("500")
	if got := ask(); got.status != 200 || got.header.Get("X-Agentops-Target") != "a" {
		t.Errorf("while the strongest is away: %d %s", got.status, got.text)
	}
}

// An error of any tool that the model called in its last turn counts, in each form that results have.
func TestErrorsOfToolsAreSeen(t *testing.T) {
	call := `{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"1"},{"id":"2"}]}`
	for name, tc := range map[string]struct {
		body   string
		failed bool
	}{
		"results":          {`"messages":[` + call + `,{"role":"tool","content":"7"},{"role":"tool","content":"8"}]`, false},
		"the first of two": {`"messages":[` + call + `,{"role":"tool","content":"Error: no such table"},{"role":"tool","content":"8"}]`, true},
		"a turn before":    {`"messages":[` + call + `,{"role":"tool","content":"Error: no"},{"role":"assistant","content":"y"},{"role":"user","content":"z"}]`, false},
		"in parts":         {`"messages":[` + call + `,{"role":"tool","content":[{"type":"text","text":"Traceback (most recent call last)"}]}]`, true},
		"responses":        {`"input":[{"type":"function_call_output","call_id":"1","output":"{\"error\":\"x\"}"},{"type":"function_call_output","call_id":"2","output":"8"}]`, true},
		"responses, parts": {`"input":[{"type":"function_call_output","call_id":"1","output":[{"type":"input_text","text":"exception: x"}]}]`, true},
		"messages":         {`"max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","is_error":true,"content":"x"},{"type":"tool_result","tool_use_id":"2","content":"8"}]}]`, true},
		"messages, well":   {`"max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"8"}]}]`, false},
	} {
		body := gjson.Parse("{" + tc.body + "}")
		if got := toolFailed(body.Get("messages"), body.Get("input")); got != tc.failed {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// Who hangs up while a stream is judged has asked one target, and no other one is asked or charged for.
func TestHangingUpOnAStreamThatIsJudged(t *testing.T) {
	w := newWorld(t, judged("never"))
	w.a.set("endless")
	ctx, hangUp := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/v1/chat/completions", strings.NewReader(`{"model":"chat","stream":true,`+userHello+`}`))
	req.Header.Set("Authorization", "Bearer "+w.token(nil))
	done := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	await(t, "the cheap target is asked", func() bool { return len(w.a.asked()) == 1 })
	hangUp()
	<-done
	<-w.a.gone
	await(t, "the call ends", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.reports) == 1 })
	if r := w.report(); len(w.b.asked()) != 0 || !r.Usage.Estimated || r.Usage.Input == 0 || r.Usage.Input > 10 {
		t.Errorf("b was asked %d times, usage %+v", len(w.b.asked()), r.Usage)
	}
}
