package serve

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/account"
	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/route"
	"agentops.dev/dataplane/gateway/upstream"
)

// answer gets an answer and gives it to the client.
func (c *call) answer() *refusal {
	key := c.cacheKey()
	if kept, ok := c.server.cache.get(key, c.server.Now()); ok {
		return c.fromCache(kept)
	}
	target, got, failure := c.search()
	if failure != nil {
		return c.nobody(target, failure)
	}
	c.tellTarget(target)
	if got.Events != nil {
		return c.sendStream(target, got.Events.(*begun))
	}
	return c.sendWhole(target, key, got.Body)
}

// nobody tells that no target answered. What cheap targets answered before is paid all the same.
func (c *call) nobody(target string, failure *upstream.Failure) *refusal {
	if target != "" {
		c.tellTarget(target)
	}
	if failure.Class == upstream.Canceled {
		c.report.Gone = true
	}
	if c.bill.Usage.Input > 0 {
		c.charge()
	}
	return failed(failure)
}

func (c *call) tellTarget(target string) {
	t := c.snapshot.Plan.Targets[target]
	c.report.Target, c.report.Provider, c.report.Model = target, string(t.Provider), t.Model
	c.report.Fallback = len(c.route.Targets) > 0 && target != c.route.Targets[0].Target && !c.report.Escalated
	c.w.Header()["X-Agentops-Target"] = []string{target}
}

// router runs this call's attempts.
func (c *call) router() *route.Router {
	return &route.Router{Board: c.server.Board, Now: c.server.Now, Tried: func(a route.Attempt) {
		a.Provider = c.snapshot.Plan.Targets[a.Target].Provider
		c.report.Attempts = append(c.report.Attempts, a)
	}}
}

// ask asks one target. A call that is not streamed goes on when the client is gone: the provider bills it, and only its end
// tells how much.
func (c *call) askTarget(ctx context.Context, target string) (*upstream.Answer, *upstream.Failure) {
	switch {
	case !c.stream:
		ctx = context.WithoutCancel(ctx)
	case ctx.Err() != nil: // nobody is asked any more, and nothing is charged for it
		return nil, &upstream.Failure{Class: upstream.Canceled, Message: "the client is gone"}
	}
	question := c.body.Clone()
	if c.judges(target) && c.wantsCertainty() {
		question.Set("logprobs", "true")
	}
	got, failure := c.server.Clients.Do(ctx, &upstream.Call{
		API: c.api, Body: question, Stream: c.stream, Name: target, Target: c.snapshot.Plan.Targets[target],
		Beta: c.r.Header.Get("Anthropic-Beta"), Token: c.token,
	})
	if failure != nil && failure.Class == upstream.Canceled {
		c.spent(target, api.Usage{}, 0)
	}
	if failure != nil || got.Events == nil {
		return got, failure
	}
	return c.begin(ctx, target, got.Events)
}

// begun is a stream whose first content is there.
type begun struct {
	upstream.Events
	reader api.Reader
	ready  []read
	held   int
}

const (
	// mostHeld bounds what is kept of a stream before the client gets any of it: a provider that sends without end must not fill
	// the memory.
	mostHeld = 64 << 20
	// eventCosts is what an event takes beside its text.
	eventCosts = 256
)

// hold counts an event that is kept; it says whether there is room for it.
func (b *begun) hold(e api.Event) bool {
	b.held += len(e.Name) + len(e.Data) + eventCosts
	return b.held <= mostHeld
}

// read is an event and what it means.
type read struct {
	event api.Event
	step  api.Step
}

// begin waits for the first content. Until then another target can take over, and the client sees nothing of it. A client
// that hangs up meanwhile is charged for the question: the provider has read it, and may have thought about it.
func (c *call) begin(ctx context.Context, target string, events upstream.Events) (*upstream.Answer, *upstream.Failure) {
	b := &begun{Events: events, reader: c.api.NewReader(c.body)}
	for {
		e, err := events.Next()
		if err != nil {
			events.Close()
			failure := notBegun(ctx, err)
			if failure.Class == upstream.Canceled {
				c.spent(target, b.reader.Usage(), b.reader.Written())
			}
			return nil, failure
		}
		step := b.read(e)
		if step.Failed != "" {
			events.Close()
			class := upstream.ServerError
			if step.Failed == garbage {
				class = upstream.InvalidResponse
			}
			return nil, &upstream.Failure{Class: class, Message: step.Failed}
		}
		if !b.hold(e) {
			events.Close()
			return nil, &upstream.Failure{Class: upstream.InvalidResponse, Message: "the answer did not begin"}
		}
		b.ready = append(b.ready, read{e, step})
		if step.Content || step.Last {
			events.Started()
			return &upstream.Answer{Events: b}, nil
		}
	}
}

func notBegun(ctx context.Context, err error) *upstream.Failure {
	switch {
	case upstream.Silent(err):
		return &upstream.Failure{Class: upstream.Timeout, Message: "the first part of the answer did not come in time"}
	case ctx.Err() != nil:
		return &upstream.Failure{Class: upstream.Canceled, Message: "the client is gone"}
	case errors.Is(err, io.EOF):
		return &upstream.Failure{Class: upstream.InvalidResponse, Message: "the stream ended before the answer began"}
	}
	return &upstream.Failure{Class: upstream.Connection, Message: "the stream broke before the answer began"}
}

// next returns what was read before, then what comes.
func (b *begun) next() (read, error) {
	if len(b.ready) > 0 {
		r := b.ready[0]
		b.ready = b.ready[1:]
		return r, nil
	}
	e, err := b.Next()
	if err != nil {
		return read{}, err
	}
	return read{e, b.read(e)}, nil
}

// garbage is what a stream fails with that says something else than JSON. SDKs would fail on it with an error of their own.
const garbage = "a part of the answer cannot be read"

func (b *begun) read(e api.Event) api.Step {
	if !body.Sound(e.Data) && string(e.Data) != "[DONE]" {
		return api.Step{Failed: garbage}
	}
	return b.reader.Read(e)
}

// More says that a further event is there.
func (b *begun) More() bool { return len(b.ready) > 0 || b.Events.More() }

// sendWhole answers with a body.
func (c *call) sendWhole(target, key string, data []byte) *refusal {
	answer := gjson.ParseBytes(data)
	c.spent(target, c.api.Usage(answer), api.Tokens(c.api.Written(answer)))
	c.note(answer)
	c.charge()
	if c.r.Context().Err() != nil {
		c.report.Gone = true
	}
	if c.wantsCertainty() {
		data = withoutCertainty(data)
	}
	if len(c.agent.Output) > 0 {
		o, err := body.Parse(data)
		if err != nil {
			return failed(&upstream.Failure{Class: upstream.InvalidResponse, Message: "the provider's answer cannot be read: " + err.Error()})
		}
		c.agent.Output.Fields(o, c.api.Answers(), &c.verdict)
		if len(c.verdict.Blocked) > 0 {
			c.tellVerdict()
			return policy(http.StatusForbidden, "output_blocked", c.verdict.Blocked[0], "a guardrail refuses this answer: %s", c.verdict.String())
		}
		data = o.Bytes()
	}
	if key != "" {
		c.server.cache.put(key, kept{data, target, c.verdict.String()}, c.server.Now(), c.route.Cache.TTLSeconds)
	}
	c.tellVerdict()
	c.writeBody(data)
	return nil
}

func (c *call) writeBody(data []byte) {
	h := c.w.Header()
	h["Content-Type"] = []string{"application/json"}
	c.report.Status = http.StatusOK
	c.w.WriteHeader(http.StatusOK)
	body.Write(c.w, data, body.Stuck)
}

// note keeps what names an answer, for spans.
func (c *call) note(answer gjson.Result) {
	c.report.ResponseID, c.report.ResponseModel = answer.Get("id").Str, answer.Get("model").Str
	c.report.Finish = answer.Get("choices.0.finish_reason").Str + answer.Get("stop_reason").Str + answer.Get("status").Str
}

// cacheKey is "" where the route has no cache, or the answer is streamed.
func (c *call) cacheKey() string {
	// What a model said once must not stand for a person, nor the other way round.
	if c.route.Cache == nil || c.stream || c.person {
		return ""
	}
	c.report.Cache = "miss"
	c.w.Header()["X-Agentops-Cache"] = []string{"miss"}
	// With what holds for the agent: an answer that passed older guardrails, or came from another model, is none for now.
	return keyOf(c.agent.Name, c.plan(), c.report.Alias, string(c.api.Kind()), c.body.Bytes())
}

func (c *call) fromCache(k kept) *refusal {
	c.report.Cache = "hit"
	c.w.Header()["X-Agentops-Cache"] = []string{"hit"}
	c.w.Header()["X-Agentops-Target"] = []string{k.target}
	c.w.Header()["X-Agentops-Verdict"] = []string{k.verdict}
	// The call is a step of its run all the same; it costs nothing.
	c.bill = account.Bill{Usage: api.Usage{Known: true}}
	c.charge()
	c.writeBody(k.data)
	return nil
}

// escalates says whether the route looks at answers before it takes them.
func (c *call) escalates() bool {
	return c.route.Routing == plan.CostFirst && c.route.Escalation != nil
}
