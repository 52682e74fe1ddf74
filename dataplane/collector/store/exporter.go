package store

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_store")

// Config is empty: directory and limits are settings of the process, which outlives a configuration.
type Config struct{}

// Counts is told what was stored, and what could not be.
type Counts interface {
	Stored(k relay.Key, spans int)
	StoredCalls(k relay.Key, spans int)
	StoreFailed(items int)
}

// NewFactory makes exporters that write to one store.
func NewFactory(s *Store, counts Counts) exporter.Factory {
	return exporter.NewFactory(Type, func() component.Config { return &Config{} },
		exporter.WithTraces(func(_ context.Context, set exporter.Settings, _ component.Config) (exporter.Traces, error) {
			return &writer{store: s, counts: counts, log: set.Logger}, nil
		}, component.StabilityLevelBeta),
		exporter.WithLogs(func(_ context.Context, set exporter.Settings, _ component.Config) (exporter.Logs, error) {
			return &writer{store: s, counts: counts, log: set.Logger}, nil
		}, component.StabilityLevelBeta),
	)
}

// writer never returns an error: the sidecar would send the batch again, and backends and counters would get it twice.
type writer struct {
	component.StartFunc
	component.ShutdownFunc
	store  *Store
	counts Counts
	log    *zap.Logger
	// failing says whether the last line could not be written.
	failing atomic.Bool
}

func (*writer) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (w *writer) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	marshal := ptrace.JSONMarshaler{}
	for _, rs := range td.ResourceSpans().All() {
		one := ptrace.NewTraces()
		rs.CopyTo(one.ResourceSpans().AppendEmpty())
		line, err := marshal.MarshalTraces(one)
		if w.write(Traces, rs.Resource(), line, err, one.SpanCount()) {
			w.stored(rs.Resource(), one.SpanCount())
		}
	}
	return nil
}

func (w *writer) stored(r pcommon.Resource, spans int) {
	if text(r, conventions.Source) == conventions.FromGateway {
		w.counts.StoredCalls(key(r), spans)
		return
	}
	w.counts.Stored(key(r), spans)
}

func (w *writer) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	marshal := plog.JSONMarshaler{}
	for _, rl := range ld.ResourceLogs().All() {
		one := plog.NewLogs()
		rl.CopyTo(one.ResourceLogs().AppendEmpty())
		line, err := marshal.MarshalLogs(one)
		w.write(Logs, rl.Resource(), line, err, one.LogRecordCount())
	}
	return nil
}

func (w *writer) write(signal Signal, r pcommon.Resource, line []byte, err error, items int) bool {
	if err == nil {
		err = w.store.Append(signal, key(r).Namespace, line)
	}
	if err != nil {
		w.counts.StoreFailed(items)
		w.failed(err)
	} else if w.failing.Swap(false) {
		w.log.Info("the trace store can write again")
	}
	return err == nil
}

// failed logs the change between working and failing: a full volume would fill the log too.
func (w *writer) failed(err error) {
	if !w.failing.Swap(true) {
		w.log.Error("the trace store cannot write", zap.Error(err))
	}
}

func key(r pcommon.Resource) relay.Key {
	return relay.Key{Namespace: text(r, conventions.Namespace), Agent: text(r, conventions.Agent)}
}

func text(r pcommon.Resource, name string) string {
	return attribute(r.Attributes(), name)
}
