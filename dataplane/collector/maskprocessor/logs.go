package maskprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/sidecar"
	"agentops.dev/dataplane/mask"
)

func logs(rules Rules) processorhelper.ProcessLogsFunc {
	return func(_ context.Context, ld plog.Logs) (plog.Logs, error) {
		m := newMasker(rules)
		ld.ResourceLogs().RemoveIf(m.resourceLogs)
		rules.Passed(sidecar.Logs, ld.LogRecordCount(), m.hits)
		rules.Dropped(m.dropped)
		if ld.ResourceLogs().Len() == 0 {
			return ld, processorhelper.ErrSkipProcessingData
		}
		return ld, nil
	}
}

func (m *masker) resourceLogs(rl plog.ResourceLogs) (drop bool) {
	items := 0
	for _, sl := range rl.ScopeLogs().All() {
		items += sl.LogRecords().Len()
	}
	if !m.guard(items, func() {
		m.resource(rl.Resource())
		m.text(rl.SchemaUrl(), rl.SetSchemaUrl)
	}) {
		return true
	}
	rl.ScopeLogs().RemoveIf(m.scopeLogs)
	return rl.ScopeLogs().Len() == 0
}

func (m *masker) scopeLogs(sl plog.ScopeLogs) (drop bool) {
	if !m.guard(sl.LogRecords().Len(), func() {
		m.scope(sl.Scope())
		m.text(sl.SchemaUrl(), sl.SetSchemaUrl)
	}) {
		return true
	}
	sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool { return !m.guard(1, func() { m.record(r) }) })
	return sl.LogRecords().Len() == 0
}

func (m *masker) record(r plog.LogRecord) {
	isMessage := isContentEvent(r)
	m.text(r.EventName(), r.SetEventName)
	m.text(r.SeverityText(), r.SetSeverityText)
	m.body(r, isMessage)
	m.ofEvent(r.Attributes(), isMessage)
}

func (m *masker) body(r plog.LogRecord, isMessage bool) {
	how := m.engine.Field
	if isMessage {
		if m.engine.Capture() == mask.CaptureNone {
			pcommon.NewValueEmpty().CopyTo(r.Body())
			return
		}
		how = m.engine.Content
	}
	if m.value("", r.Body(), how, 0) {
		r.Body().SetStr(mask.Dropped)
	}
}

// isContentEvent also looks at the attribute that named an event before log records had a field for it.
func isContentEvent(r plog.LogRecord) bool {
	if conventions.IsContentEvent(r.EventName()) {
		return true
	}
	name, ok := r.Attributes().Get("event.name")
	return ok && conventions.IsContentEvent(name.AsString())
}
