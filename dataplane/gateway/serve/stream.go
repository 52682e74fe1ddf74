package serve

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/sse"
	"agentops.dev/dataplane/gateway/upstream"
)

// sending is a stream on its way to the client.
type sending struct {
	*call
	target string
	in     *begun
	out    *sse.Writer
	window *guard.Window
	// last is the last event of each channel, for texts that were held back.
	last map[string]template
	cut  atomic.Pointer[string]
	// uncertain: how certain the answer is was the gateway's question, not the client's.
	uncertain bool
}

type template struct {
	event api.Event
	piece api.Piece
}

// sendStream answers with events. The status is sent by now: what goes wrong from here on is told by a last event.
func (c *call) sendStream(target string, in *begun) *refusal {
	s := &sending{call: c, target: target, in: in, out: sse.NewWriter(c.w), window: c.agent.Output.NewWindow(&c.verdict), last: map[string]template{},
		uncertain: c.wantsCertainty()}
	defer in.Close()
	defer s.timers()()
	c.tellVerdict()
	c.report.FirstByte = c.server.Now().Sub(c.report.Began)
	h := c.w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"text/event-stream; charset=utf-8"}, []string{"no-cache"}
	h["X-Accel-Buffering"] = []string{"no"}
	h["Trailer"] = []string{"X-Agentops-Verdict, X-Agentops-Usage"}
	c.report.Status = http.StatusOK
	c.w.WriteHeader(http.StatusOK)
	end := s.run()
	c.spent(target, in.reader.Usage(), in.reader.Written())
	if end != nil && c.r.Context().Err() == nil {
		c.report.ErrorCode, c.report.ErrorType = end.Code, end.Type
		s.out.Write(c.api.ErrorEvent(end.Error))
	}
	s.out.Flush()
	c.charge()
	c.tellVerdict()
	c.report.Gone = c.r.Context().Err() != nil
	return nil
}

// timers end a stream whose time is over.
func (s *sending) timers() (stop func()) {
	var timers []*time.Timer
	after := func(d time.Duration, code string) {
		timers = append(timers, time.AfterFunc(max(d, 0), func() {
			s.cut.CompareAndSwap(nil, &code)
			s.in.Close()
		}))
	}
	if n := s.agent.Execution.StreamSeconds; n > 0 {
		after(time.Duration(n)*time.Second, "stream_seconds")
	}
	if l := s.agent.Execution.Run.Seconds; l != nil && s.call.run != nil && !s.call.person {
		after(time.Duration(l.Max)*time.Second-time.Duration(s.call.run.WallClock)*time.Millisecond, "run_seconds")
	}
	return func() {
		for _, t := range timers {
			t.Stop()
		}
	}
}

// run passes events on until the answer is whole; the refusal says why it is not.
func (s *sending) run() *refusal {
	most := s.agent.Execution.StreamTokens
	for {
		r, err := s.in.next()
		if err != nil {
			return s.broken(err)
		}
		if r.step.Failed != "" {
			return interrupted(r.step.Failed)
		}
		if refused := s.pass(r); refused != nil {
			return refused
		}
		if r.step.Last {
			return nil
		}
		if most > 0 && s.in.reader.Written() > most {
			return policy(http.StatusForbidden, "stream_tokens", "", "the stream is longer than %d tokens", most)
		}
	}
}

func (s *sending) broken(err error) *refusal {
	if code := s.cut.Load(); code != nil {
		return policy(http.StatusForbidden, *code, "", "the stream took all the time that it may take")
	}
	switch {
	case s.in.reader.Complete() && !upstream.Silent(err):
		s.rests("")
		return nil
	case upstream.Silent(err):
		return interrupted("the provider is silent")
	}
	return interrupted("the provider broke off")
}

func interrupted(why string) *refusal {
	return &refusal{Error: api.Error{Status: http.StatusBadGateway, Type: providerType, Code: "stream_interrupted", Message: "the stream was interrupted: " + why}}
}

// pass sends one event, after the guardrails saw it.
func (s *sending) pass(r read) *refusal {
	if s.report.ResponseID == "" {
		s.name(r.event)
	}
	if s.uncertain {
		r.event.Data = withoutCertainty(r.event.Data)
	}
	if s.window != nil {
		if refused := s.look(&r); refused != nil {
			return refused
		}
	}
	if !r.step.Skip {
		s.out.Write(r.event)
	}
	if !s.in.More() {
		s.out.Flush()
	}
	return nil
}

// look puts in place of each piece what the guardrails let go, and says before a channel ends what they held back.
func (s *sending) look(r *read) *refusal {
	for _, p := range r.step.Pieces {
		s.last[p.Channel] = template{r.event, p}
		text := s.window.Push(p.Channel, p.Text)
		// What was held back belongs behind what goes now, so where the channel ends with this event it goes into it.
		if ends(p.Channel, r.step.Flush) {
			for _, rest := range s.window.Flush(p.Channel) {
				text += rest.Text
			}
		}
		if text != p.Text {
			r.event = api.Replace(r.event, p, text)
		}
	}
	for _, prefix := range r.step.Flush {
		s.rests(prefix)
	}
	if r.step.Whole && len(s.verdict.Blocked) == 0 {
		r.event.Data = s.window.Whole(r.event.Data)
	}
	if len(s.verdict.Blocked) > 0 {
		return policy(http.StatusForbidden, "output_blocked", s.verdict.Blocked[0], "a guardrail refuses this answer: %s", s.verdict.String())
	}
	return nil
}

func ends(channel string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(channel, p) })
}

// rests says what was held back of channels that end.
func (s *sending) rests(prefix string) {
	if s.window == nil {
		return
	}
	for _, rest := range s.window.Flush(prefix) {
		t := s.last[rest.Channel]
		s.out.Write(s.api.Restate(t.event, t.piece, rest.Text))
	}
}

// name keeps what names a stream's answer.
func (s *sending) name(e api.Event) {
	data := gjson.ParseBytes(e.Data)
	for _, at := range []gjson.Result{data, data.Get("message"), data.Get("response")} {
		if id := at.Get("id").Str; id != "" {
			s.report.ResponseID, s.report.ResponseModel = id, at.Get("model").Str
			return
		}
	}
}
