// Package stampprocessor writes who sent a batch onto everything in it. What a client says about itself is removed, so
// attribution, cost and scores cannot be forged.
package stampprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/sender"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_stamp")

// Config is empty.
type Config struct{}

// Agents says what the operator knows about an agent.
type Agents interface {
	Get(relay.Key) (relay.Agent, bool)
}

// Received is told how much came from whom.
type Received interface {
	Received(k relay.Key, spans int)
	ReceivedCalls(k relay.Key, spans int)
}

var mutates = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})

// NewFactory makes the processor.
func NewFactory(agents Agents, received Received) processor.Factory {
	s := stamper{agents, received}
	return processor.NewFactory(Type, func() component.Config { return &Config{} },
		processor.WithTraces(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
			return processorhelper.NewTraces(ctx, set, cfg, next, s.traces, mutates)
		}, component.StabilityLevelBeta),
		processor.WithLogs(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
			return processorhelper.NewLogs(ctx, set, cfg, next, s.logs, mutates)
		}, component.StabilityLevelBeta),
		processor.WithMetrics(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
			return processorhelper.NewMetrics(ctx, set, cfg, next, s.metrics, mutates)
		}, component.StabilityLevelBeta),
	)
}

// errSpansOnly: the gateway tells of calls and runs, and serves its own metrics.
var errSpansOnly = consumererror.NewPermanent(errors.New("the gateway sends spans only"))

type stamper struct {
	agents   Agents
	received Received
}

// errNobody means that the receiver has no agentops_identity: data of unknown origin must not be stored.
var errNobody = consumererror.NewPermanent(errors.New("nobody vouches for the sender"))

func (s stamper) stamp(ctx context.Context) (stamp, error) {
	id, ok := sender.FromContext(ctx)
	if !ok {
		return stamp{}, errNobody
	}
	if id.Gateway {
		return stamp{id: id}, nil // whose it is stands on each resource
	}
	agent, _ := s.agents.Get(relay.Key{Namespace: id.Namespace, Agent: id.Agent})
	return stamp{id, agent}, nil
}

func (s stamper) traces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	st, err := s.stamp(ctx)
	if err != nil {
		return td, err
	}
	if st.id.Gateway {
		return td, s.calls(td, st.id)
	}
	for _, rs := range td.ResourceSpans().All() {
		st.spans(rs)
	}
	s.received.Received(relay.Key{Namespace: st.id.Namespace, Agent: st.id.Agent}, td.SpanCount())
	return td, nil
}

// spans stamps a resource and all that it has.
func (s stamp) spans(rs ptrace.ResourceSpans) {
	s.resource(rs.Resource())
	for _, ss := range rs.ScopeSpans().All() {
		s.below(ss.Scope().Attributes())
		for _, span := range ss.Spans().All() {
			s.below(span.Attributes())
			for _, e := range span.Events().All() {
				s.below(e.Attributes())
			}
		}
	}
}

func (s stamper) logs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	st, err := s.stamp(ctx)
	if err == nil && st.id.Gateway {
		err = errSpansOnly
	}
	if err != nil {
		return ld, err
	}
	for _, rl := range ld.ResourceLogs().All() {
		st.resource(rl.Resource())
		for _, sl := range rl.ScopeLogs().All() {
			st.below(sl.Scope().Attributes())
			for _, r := range sl.LogRecords().All() {
				st.below(r.Attributes())
			}
		}
	}
	return ld, nil
}

func (s stamper) metrics(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	st, err := s.stamp(ctx)
	if err == nil && st.id.Gateway {
		err = errSpansOnly
	}
	if err != nil {
		return md, err
	}
	for _, rm := range md.ResourceMetrics().All() {
		st.resource(rm.Resource())
		for _, sm := range rm.ScopeMetrics().All() {
			st.below(sm.Scope().Attributes())
			for _, m := range sm.Metrics().All() {
				st.points(m)
			}
		}
	}
	return md, nil
}
