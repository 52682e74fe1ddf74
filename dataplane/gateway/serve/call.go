package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/account"
	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/telemetry"
	"agentops.dev/dataplane/limits"
)

// call is one request on its way.
type call struct {
	caller
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	api    api.API
	body   *body.Object
	stream bool

	route   plan.Route
	order   []string
	input   int64 // estimate of what the model reads
	most    int64 // of one answer
	answers int64
	beside  string // field of the request that is billed beside tokens, or at another price
	verdict guard.Verdict
	bill    account.Bill
	held    *limits.Reservation
	run     *limits.RunUsage
	person  bool // a person answers in the agent's place
	settled bool
	report  telemetry.Report
}

func (s *Server) call(w http.ResponseWriter, r *http.Request, a api.API) {
	c := &call{server: s, w: w, r: r, api: a}
	c.report = telemetry.Report{Began: s.Now(), Operation: a.Operation(), API: string(a.Kind()), Traceparent: r.Header.Get("Traceparent")}
	c.bill.Usage.Known = true
	refused := c.serve()
	if refused != nil {
		c.report.Status, c.report.ErrorCode, c.report.ErrorType = refused.Status, refused.Code, refused.Type
		refused.write(w, a)
	}
	c.release()
	c.hops()
	c.report.Ended, c.report.Verdict = s.Now(), c.verdict.String()
	c.report.Masked, c.report.Reported, c.report.Blocked = c.verdict.Masked, c.verdict.Reported, c.verdict.Blocked
	c.report.Usage, c.report.MicroUSD, c.report.PriceUnknown = c.bill.Usage, c.bill.MicroUSD, c.bill.PriceUnknown
	s.Sink.Call(&c.report)
}

// serve runs the steps; each may refuse.
func (c *call) serve() (refused *refusal) {
	if c.caller, refused = c.server.admit(c.r); refused != nil {
		return refused
	}
	c.report.Namespace, c.report.Agent = c.identity.Namespace, c.identity.Agent
	c.report.PodName, c.report.PodUID = c.identity.PodName, c.identity.PodUID
	c.report.Team, c.report.UseCase, c.report.Release = c.agent.Team, c.agent.UseCase, c.agent.Release
	for _, step := range []func() *refusal{c.read, c.identifyRun, c.choose, c.guardInput, c.reserve, c.answer} {
		if refused = step(); refused != nil {
			return refused
		}
	}
	return nil
}

// dropped are fields by which clients steer other gateways; here the plan steers.
var dropped = []string{
	"fallbacks", "models", "route", "provider", "preset", "user_config", "num_retries", "timeout", "stream_timeout", "mock_response", "api_key", "api_base", "base_url", "api_version",
	"custom_llm_provider", "extra_headers", "extra_body", "extra_query", "caching", "cache", "guardrails", "tags", "max_retries", "context_window_fallbacks",
}

func (c *call) read() *refusal {
	if enc := c.r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return policy(http.StatusBadRequest, "invalid_request", "content-encoding", "send the body without compression")
	}
	data, refused := c.bytes()
	if refused != nil {
		return refused
	}
	o, err := body.Parse(data)
	if err != nil {
		return policy(http.StatusBadRequest, "invalid_request", "", "%s", err)
	}
	c.body = o
	o.Delete(dropped...)
	if s := o.Get("stream"); s.Exists() && !s.IsBool() && s.Type != gjson.Null {
		return policy(http.StatusBadRequest, "invalid_request", "stream", "write true or false")
	}
	c.stream = o.Get("stream").Bool()
	c.report.Stream = c.stream
	if bad := c.api.Check(o); bad != nil {
		return policy(http.StatusBadRequest, "invalid_request", bad.Param, "%s: %s", bad.Param, bad.Message)
	}
	return nil
}

func (c *call) bytes() ([]byte, *refusal) {
	data, err := body.Read(c.w, c.r, c.server.MaxBody, body.Stuck)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, tooLarge(c.server.MaxBody)
	case err != nil:
		return nil, policy(http.StatusBadRequest, "invalid_request", "", "the body ended too early")
	}
	return data, nil
}

func tooLarge(most int64) *refusal {
	return policy(http.StatusRequestEntityTooLarge, "request_too_large", "", "the body has more than %d bytes: send less", most)
}

func (c *call) identifyRun() *refusal {
	run, refused := runOf(c.r.Header, c.body)
	if refused != nil {
		return refused
	}
	c.report.Run, c.report.EndUser = run, endUserOf(c.r.Header, c.body)
	told := run
	if run == "" {
		told = noRun
		if c.agent.Execution.RequireRunID {
			return policy(http.StatusBadRequest, "run_id_required", "", "the call names no run; send the header x-agentops-run-id")
		}
	}
	c.w.Header()["X-Agentops-Run"] = []string{told}
	return nil
}

// choose finds the route of the alias and how much may be written.
func (c *call) choose() *refusal {
	alias := c.body.Get("model")
	if alias.Type != gjson.String {
		return policy(http.StatusBadRequest, "invalid_request", "model", "model: name one of the agent's models")
	}
	name, ok := c.agent.Models[alias.Str]
	if !ok {
		return unknownModel(alias.Str, c.agent.Aliases)
	}
	c.report.Alias = alias.Str // not before: it becomes a label, and a client must not invent series
	c.take(name)
	c.beside = api.Beside(c.body)
	asked, answers := c.api.Asked(c.body)
	c.most, c.answers = c.agent.MaxOutputTokens, answers
	if asked > 0 {
		c.most = min(c.most, asked)
	}
	return nil
}

// take sets the route and the order of its targets.
func (c *call) take(name string) {
	c.route = c.snapshot.Plan.Routes[name]
	c.order = c.server.Board.Order(c.route, c.server.Now())
	if c.agent.OnUnknownPrice != plan.Deny || !c.snapshot.Books.InUSD(c.agent.Name) {
		return
	}
	priced := c.order[:0:0]
	for _, target := range c.order {
		if c.snapshot.Plan.Targets[target].Price != nil {
			priced = append(priced, target)
		}
	}
	if len(priced) > 0 {
		c.order = priced
	}
}

func (c *call) guardInput() *refusal {
	c.agent.Input.Fields(c.body, c.api.Content(), &c.verdict)
	if len(c.verdict.Blocked) > 0 {
		c.tellVerdict()
		return policy(http.StatusForbidden, "input_blocked", c.verdict.Blocked[0], "a guardrail refuses this request: %s", c.verdict.String())
	}
	if c.route.Compression == plan.Whitespace {
		c.report.Saved = compress(c.body, c.api.Content())
	}
	for _, key := range c.api.Content() {
		c.input += api.InputTokens(c.body.Raw(key))
	}
	return nil
}

func (c *call) tellVerdict() { c.w.Header()["X-Agentops-Verdict"] = []string{c.verdict.String()} }

// newID names a call in the state store.
func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// settling is how long the books may take after the client is gone.
const settling = 5 * time.Second

func (c *call) detached() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.r.Context()), settling)
}
