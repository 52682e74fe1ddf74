// Package normalizeprocessor renames attributes of older and foreign conventions to the current GenAI ones, so that
// masking, metrics and evaluations know one set of names. Span names are left alone. It runs before masking.
package normalizeprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_normalize")

// Config is empty: the table is part of the program, see package conventions.
type Config struct{}

var mutates = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})

// NewFactory makes the processor. Metrics pass unchanged: their names are no attributes.
func NewFactory() processor.Factory {
	return processor.NewFactory(Type, func() component.Config { return &Config{} },
		processor.WithTraces(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
			return processorhelper.NewTraces(ctx, set, cfg, next, traces, mutates)
		}, component.StabilityLevelBeta),
		processor.WithLogs(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
			return processorhelper.NewLogs(ctx, set, cfg, next, logs, mutates)
		}, component.StabilityLevelBeta),
		processor.WithMetrics(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
			return processorhelper.NewMetrics(ctx, set, cfg, next, metrics, mutates)
		}, component.StabilityLevelBeta),
	)
}

func traces(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				normalize(s.Attributes())
				for _, e := range s.Events().All() {
					normalize(e.Attributes())
				}
			}
		}
	}
	return td, nil
}

func logs(_ context.Context, ld plog.Logs) (plog.Logs, error) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				normalize(r.Attributes())
			}
		}
	}
	return ld, nil
}

func metrics(_ context.Context, md pmetric.Metrics) (pmetric.Metrics, error) { return md, nil }
