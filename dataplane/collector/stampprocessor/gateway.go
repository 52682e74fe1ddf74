package stampprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/identity"
)

// calls stamps what the gateway tells of agents' calls. The gateway has verified each caller's token and may speak for any
// agent, so what it says about namespace, agent and pod counts; team and use case come from the operator all the same. What
// names no agent is dropped: nobody could read it.
func (s stamper) calls(td ptrace.Traces, gateway identity.Identity) error {
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		id := told(rs.Resource(), gateway)
		if id.Namespace == "" || id.Agent == "" {
			return true
		}
		k := relay.Key{Namespace: id.Namespace, Agent: id.Agent}
		agent, _ := s.agents.Get(k)
		stamp{id, agent}.spans(rs)
		s.received.ReceivedCalls(k, count(rs))
		return false
	})
	return nil
}

// told is whose spans the gateway says that they are.
func told(r pcommon.Resource, gateway identity.Identity) identity.Identity {
	text := func(key string) string {
		v, ok := r.Attributes().Get(key)
		if !ok {
			return ""
		}
		return v.AsString()
	}
	gateway.Namespace, gateway.Agent = text(conventions.Namespace), text(conventions.Agent)
	gateway.PodName, gateway.PodUID = text(conventions.PodName), text(conventions.PodUID)
	return gateway
}

func count(rs ptrace.ResourceSpans) (n int) {
	for _, ss := range rs.ScopeSpans().All() {
		n += ss.Spans().Len()
	}
	return n
}
