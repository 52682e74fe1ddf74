package maskprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/sidecar"
)

func traces(rules Rules) processorhelper.ProcessTracesFunc {
	return func(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) {
		m := newMasker(rules)
		td.ResourceSpans().RemoveIf(m.resourceSpans)
		passed := td.SpanCount()
		rules.Passed(sidecar.Spans, passed, m.hits)
		rules.Dropped(m.dropped)
		if td.ResourceSpans().Len() == 0 {
			return td, processorhelper.ErrSkipProcessingData
		}
		return td, nil
	}
}

func (m *masker) resourceSpans(rs ptrace.ResourceSpans) (drop bool) {
	items := 0
	for _, ss := range rs.ScopeSpans().All() {
		items += ss.Spans().Len()
	}
	if !m.guard(items, func() {
		m.resource(rs.Resource())
		m.text(rs.SchemaUrl(), rs.SetSchemaUrl)
	}) {
		return true
	}
	rs.ScopeSpans().RemoveIf(m.scopeSpans)
	return rs.ScopeSpans().Len() == 0
}

func (m *masker) scopeSpans(ss ptrace.ScopeSpans) (drop bool) {
	if !m.guard(ss.Spans().Len(), func() {
		m.scope(ss.Scope())
		m.text(ss.SchemaUrl(), ss.SetSchemaUrl)
	}) {
		return true
	}
	ss.Spans().RemoveIf(func(s ptrace.Span) bool { return !m.guard(1, func() { m.span(s) }) })
	return ss.Spans().Len() == 0
}

func (m *masker) span(s ptrace.Span) {
	m.text(s.Name(), s.SetName)
	m.text(s.Status().Message(), s.Status().SetMessage)
	m.state(s.TraceState())
	m.attributes(s.Attributes())
	for _, e := range s.Events().All() {
		isMessage := conventions.IsContentEvent(e.Name())
		m.text(e.Name(), e.SetName)
		m.ofEvent(e.Attributes(), isMessage)
	}
	for _, l := range s.Links().All() {
		m.state(l.TraceState())
		m.attributes(l.Attributes())
	}
}
