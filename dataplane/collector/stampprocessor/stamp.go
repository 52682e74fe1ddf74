package stampprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/identity"
)

// stamp is what is written onto one batch.
type stamp struct {
	id    identity.Identity
	agent relay.Agent
}

// resource overwrites the identity. Removing first also takes out a key that a client sent twice.
func (s stamp) resource(r pcommon.Resource) {
	attrs := r.Attributes()
	attrs.RemoveIf(func(key string, _ pcommon.Value) bool { return conventions.IsIdentity(key) })
	attrs.PutStr(conventions.Namespace, s.id.Namespace)
	put(attrs, conventions.PodName, s.id.PodName)
	put(attrs, conventions.PodUID, s.id.PodUID)
	attrs.PutStr(conventions.AgentName, s.id.Agent)
	attrs.PutStr(conventions.Agent, s.id.Agent)
	put(attrs, conventions.Team, s.agent.Team)
	put(attrs, conventions.UseCase, s.agent.UseCase)
	if s.id.Gateway {
		attrs.PutStr(conventions.Source, conventions.FromGateway)
	}
}

func put(attrs pcommon.Map, key, value string) {
	if value != "" {
		attrs.PutStr(key, value)
	}
}

// below removes identity keys from spans, records and points: many readers prefer them to the resource's.
func (s stamp) below(attrs pcommon.Map) {
	reported := ""
	attrs.RemoveIf(func(key string, v pcommon.Value) bool {
		if key == conventions.AgentName {
			reported = v.AsString()
		}
		return conventions.IsIdentity(key)
	})
	// A span names its sub-agent under the same key; the name stays readable under one that means no identity.
	if reported != "" && reported != s.id.Agent {
		attrs.PutStr(conventions.ReportedAgent, reported)
	}
}

func (s stamp) points(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		below(s, m.Gauge().DataPoints().All())
	case pmetric.MetricTypeSum:
		below(s, m.Sum().DataPoints().All())
	case pmetric.MetricTypeHistogram:
		below(s, m.Histogram().DataPoints().All())
	case pmetric.MetricTypeExponentialHistogram:
		below(s, m.ExponentialHistogram().DataPoints().All())
	case pmetric.MetricTypeSummary:
		below(s, m.Summary().DataPoints().All())
	}
}

func below[P interface{ Attributes() pcommon.Map }](s stamp, all func(yield func(int, P) bool)) {
	for _, p := range all {
		s.below(p.Attributes())
	}
}
