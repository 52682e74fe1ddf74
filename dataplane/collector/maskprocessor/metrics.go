package maskprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"agentops.dev/dataplane/collector/sidecar"
)

func metrics(rules Rules) processorhelper.ProcessMetricsFunc {
	return func(_ context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
		m := newMasker(rules)
		md.ResourceMetrics().RemoveIf(m.resourceMetrics)
		rules.Passed(sidecar.Metrics, md.DataPointCount(), m.hits)
		rules.Dropped(m.dropped)
		if md.ResourceMetrics().Len() == 0 {
			return md, processorhelper.ErrSkipProcessingData
		}
		return md, nil
	}
}

func (m *masker) resourceMetrics(rm pmetric.ResourceMetrics) (drop bool) {
	items := 0
	for _, sm := range rm.ScopeMetrics().All() {
		items += sm.Metrics().Len()
	}
	if !m.guard(items, func() {
		m.resource(rm.Resource())
		m.text(rm.SchemaUrl(), rm.SetSchemaUrl)
	}) {
		return true
	}
	rm.ScopeMetrics().RemoveIf(m.scopeMetrics)
	return rm.ScopeMetrics().Len() == 0
}

func (m *masker) scopeMetrics(sm pmetric.ScopeMetrics) (drop bool) {
	if !m.guard(sm.Metrics().Len(), func() {
		m.scope(sm.Scope())
		m.text(sm.SchemaUrl(), sm.SetSchemaUrl)
	}) {
		return true
	}
	sm.Metrics().RemoveIf(func(x pmetric.Metric) bool { return !m.guard(1, func() { m.metric(x) }) })
	return sm.Metrics().Len() == 0
}

func (m *masker) metric(x pmetric.Metric) {
	m.text(x.Name(), x.SetName)
	m.text(x.Description(), x.SetDescription)
	m.text(x.Unit(), x.SetUnit)
	m.attributes(x.Metadata())
	switch x.Type() {
	case pmetric.MetricTypeGauge:
		points(m, x.Gauge().DataPoints().All())
	case pmetric.MetricTypeSum:
		points(m, x.Sum().DataPoints().All())
	case pmetric.MetricTypeHistogram:
		points(m, x.Histogram().DataPoints().All())
	case pmetric.MetricTypeExponentialHistogram:
		points(m, x.ExponentialHistogram().DataPoints().All())
	case pmetric.MetricTypeSummary:
		for _, p := range x.Summary().DataPoints().All() {
			m.attributes(p.Attributes())
		}
	}
}

type point interface {
	Attributes() pcommon.Map
	Exemplars() pmetric.ExemplarSlice
}

func points[P point](m *masker, all func(yield func(int, P) bool)) {
	for _, p := range all {
		m.attributes(p.Attributes())
		for _, e := range p.Exemplars().All() {
			m.attributes(e.FilteredAttributes())
		}
	}
}
