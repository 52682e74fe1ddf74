// Package selectprocessor stands at the head of each backend's pipeline and lets through what belongs there: data of
// agents that are bound to the backend, and of their traces the share that is to be kept.
package selectprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"agentops.dev/dataplane/collector/relay"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_select")

// Config names the backend.
type Config struct {
	// Backend whose agents are selected. Default: the component's own name.
	Backend string `mapstructure:"backend"`
}

// Agents says what the operator knows about an agent.
type Agents interface {
	Get(relay.Key) (relay.Agent, bool)
}

// Rejected is told about items that the backend's queue had no room for.
type Rejected interface {
	Rejected(backend string, items int)
}

// NewFactory makes the processor.
func NewFactory(agents Agents, rejected Rejected) processor.Factory {
	made := func(set processor.Settings, cfg component.Config) selector {
		backend := cfg.(*Config).Backend
		if backend == "" {
			backend = set.ID.Name()
		}
		return selector{backend: backend, agents: agents, rejected: rejected}
	}
	return processor.NewFactory(Type, func() component.Config { return &Config{} },
		processor.WithTraces(func(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
			return &traces{selector: made(set, cfg), next: next}, nil
		}, component.StabilityLevelBeta),
		processor.WithLogs(func(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
			return &logs{selector: made(set, cfg), next: next}, nil
		}, component.StabilityLevelBeta),
		processor.WithMetrics(func(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
			return &metrics{selector: made(set, cfg), next: next}, nil
		}, component.StabilityLevelBeta),
	)
}

// selector is what the three signals share.
type selector struct {
	component.StartFunc
	component.ShutdownFunc
	backend  string
	agents   Agents
	rejected Rejected
}

// Capabilities: the pipeline gets its own copy, since what is not selected is removed from it.
func (selector) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }
