package selectprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// The three signals never return an error: a backend whose queue is full would otherwise make the sidecar send the whole
// batch again, and every other backend, the store and the token counters would get it twice.

type traces struct {
	selector
	next consumer.Traces
}

func (t *traces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		percent, ok := t.percent(rs.Resource())
		if !ok {
			return true
		}
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(s ptrace.Span) bool { return !kept(s.TraceID(), percent) })
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	if n := td.SpanCount(); n > 0 && t.next.ConsumeTraces(ctx, td) != nil {
		t.rejected.Rejected(t.backend, n)
	}
	return nil
}

type logs struct {
	selector
	next consumer.Logs
}

func (l *logs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		percent, ok := l.percent(rl.Resource())
		if !ok {
			return true
		}
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool { return !kept(r.TraceID(), percent) })
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
	if n := ld.LogRecordCount(); n > 0 && l.next.ConsumeLogs(ctx, ld) != nil {
		l.rejected.Rejected(l.backend, n)
	}
	return nil
}

type metrics struct {
	selector
	next consumer.Metrics
}

func (m *metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		_, ok := m.percent(rm.Resource())
		return !ok
	})
	if n := md.DataPointCount(); n > 0 && m.next.ConsumeMetrics(ctx, md) != nil {
		m.rejected.Rejected(m.backend, n)
	}
	return nil
}
