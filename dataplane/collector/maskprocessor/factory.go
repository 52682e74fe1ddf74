// Package maskprocessor removes secrets and personal data from every text in a batch of telemetry before it leaves the
// pod. It fails closed: an item that cannot be masked is dropped and counted, never forwarded.
package maskprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"agentops.dev/dataplane/collector/sidecar"
	"agentops.dev/dataplane/mask"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_mask")

// Rules is where the processor gets its engine from and tells what it did.
type Rules interface {
	Engine() *mask.Engine
	Passed(signal sidecar.Signal, items int, hits mask.Hits)
	Dropped(items int)
}

// Config is empty: what to mask stands in the rules file, which changes without a restart of the pipeline.
type Config struct{}

// NewFactory makes processors that all mask by the same rules.
func NewFactory(rules Rules) processor.Factory {
	return processor.NewFactory(Type, func() component.Config { return &Config{} },
		processor.WithTraces(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
			return processorhelper.NewTraces(ctx, set, cfg, next, traces(rules), mutates)
		}, component.StabilityLevelBeta),
		processor.WithLogs(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
			return processorhelper.NewLogs(ctx, set, cfg, next, logs(rules), mutates)
		}, component.StabilityLevelBeta),
		processor.WithMetrics(func(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
			return processorhelper.NewMetrics(ctx, set, cfg, next, metrics(rules), mutates)
		}, component.StabilityLevelBeta),
	)
}

// Without this capability a batch could be shared with another consumer that still reads the unmasked values.
var mutates = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})
