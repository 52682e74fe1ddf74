package serve

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"agentops.dev/dataplane/gateway/plan"
)

// A client that hangs up ends the provider's stream, and what came until then is charged.
func TestAClientThatHangsUpIsCharged(t *testing.T) {
	w := newWorld(t, nil)
	w.a.set("endless")
	req, _ := http.NewRequest(http.MethodPost, w.url+"/v1/chat/completions", strings.NewReader(`{"model":"chat","stream":true,"messages":[{"role":"user","content":"hi"}]}`))
	req.Header.Set("Authorization", "Bearer "+w.token(nil))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = resp.Body.Read(make([]byte, 64))
	resp.Body.Close()
	<-w.a.gone
	await(t, "the call ends", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.reports) == 1 })
	if r := w.report(); !r.Gone || !r.Usage.Estimated || r.Usage.Output == 0 {
		t.Errorf("report %+v", r)
	}
}

// A client that hangs up before anything of a stream came has asked all the same: the question is charged, by estimate, and
// the call is a step of its run. Else hanging up would be a way past every limit.
func TestAClientThatHangsUpEarlyIsChargedForItsQuestion(t *testing.T) {
	for _, mode := range []string{"slow", "thinking"} {
		for path, body := range map[string]string{
			"/v1/chat/completions": `{"model":"chat","stream":true,"messages":[{"role":"user","content":"hello there"}]}`,
			"/v1/responses":        `{"model":"native","stream":true,"input":"hello there"}`,
			"/v1/messages":         `{"model":"claude","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hello there"}]}`,
		} {
			w := newWorld(t, func(p *plan.Plan) {
				agent(p, func(a *plan.Agent) { a.Execution.Run.Steps = &plan.Limit{Max: 9, Action: plan.RefuseCall} })
			})
			w.needsStore()
			w.a.set(mode)
			w.anthropic.set(mode)
			ctx, hangUp := context.WithCancel(context.Background())
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.url+path, strings.NewReader(body))
			req.Header.Set("Authorization", "Bearer "+w.token(nil))
			req.Header.Set("X-Agentops-Run-Id", "r")
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				if resp, err := http.DefaultClient.Do(req); err == nil {
					resp.Body.Close()
				}
			}()
			await(t, "the provider is asked", func() bool { return len(w.a.asked())+len(w.anthropic.asked()) == 1 })
			hangUp()
			<-gone
			await(t, "the call ends", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.reports) == 1 })
			r, run := w.report(), w.runState("r")
			if !r.Gone || !r.Usage.Estimated || r.Usage.Input == 0 || run.Steps.Used != 1 || run.Tokens.Used != r.Usage.Input+r.Usage.Output {
				t.Errorf("%s, %s: report %+v, run %+v", mode, path, r.Usage, run.RunUsage)
			}
		}
	}
}
