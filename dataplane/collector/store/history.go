package store

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"agentops.dev/dataplane/collector/conventions"
)

// Event is one entry of a run's history.
type Event struct {
	At time.Time `json:"at"`
	// Event is Transition, StepRetried or PlanChanged.
	Event         string `json:"event"`
	State         string `json:"state,omitempty"`
	From          string `json:"from,omitempty"`
	Reason        string `json:"reason,omitempty"`
	By            string `json:"by,omitempty"`
	Step          int64  `json:"step,omitempty"`
	Hold          int64  `json:"hold,omitempty"`
	Limit         int64  `json:"limit,omitempty"`
	Used          int64  `json:"used,omitempty"`
	Budget        string `json:"budget,omitempty"`
	Retry         int64  `json:"retry,omitempty"`
	Target        string `json:"target,omitempty"`
	NextTarget    string `json:"nextTarget,omitempty"`
	Plan          string `json:"plan,omitempty"`
	PlanBefore    string `json:"planBefore,omitempty"`
	Release       string `json:"release,omitempty"`
	ReleaseBefore string `json:"releaseBefore,omitempty"`
}

// History of one run of one agent, oldest first: the newest q.Limit events. Only what the gateway told counts; an agent
// may write spans with the same attributes.
func (s *Store) History(q Query) ([]Event, error) {
	events, most := []Event{}, q.Limit
	q.Signal, q.Limit = Traces, maxHistoryLines
	err := s.Read(q, func(line []byte) error {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		if err != nil {
			return nil // cut by a crash
		}
		for _, rs := range td.ResourceSpans().All() {
			if v, ok := rs.Resource().Attributes().Get(conventions.Source); ok && v.AsString() == conventions.FromGateway {
				events = appendEvents(events, rs, q.Run)
			}
		}
		return nil
	})
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return events[max(0, len(events)-most):], err
}

// maxHistoryLines bounds what one question reads: a line is a batch of spans.
const maxHistoryLines = 10_000

func appendEvents(events []Event, rs ptrace.ResourceSpans, run string) []Event {
	for _, ss := range rs.ScopeSpans().All() {
		for _, span := range ss.Spans().All() {
			attributes := span.Attributes()
			if attribute(attributes, conventions.RunID) == run && attribute(attributes, conventions.RunEvent) != "" {
				events = append(events, event(span.StartTimestamp().AsTime(), attributes))
			}
		}
	}
	return events
}

func event(at time.Time, attributes pcommon.Map) Event {
	text := func(name string) string { return attribute(attributes, "dev.agentops.run."+name) }
	number := func(name string) int64 {
		v, _ := attributes.Get("dev.agentops.run." + name)
		return v.Int()
	}
	return Event{
		At: at, Event: text("event"), State: text("state"), From: text("from"), Reason: text("reason"), By: text("by"),
		Step: number("step"), Hold: number("hold"), Limit: number("limit"), Used: number("used"), Budget: text("budget"),
		Retry: number("retry"), Target: text("target"), NextTarget: text("next_target"),
		Plan: text("plan"), PlanBefore: text("plan_before"), Release: text("release"), ReleaseBefore: text("release_before"),
	}
}

func attribute(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}
