package main

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
)

func settings(p parts, uri string, providers ...confmap.ProviderFactory) otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "agentops-collector", Description: "AgentOps collector", Version: version},
		Factories: p.factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              []string{uri},
			ProviderFactories: append(providers, envprovider.NewFactory(), yamlprovider.NewFactory()),
		}},
	}
}

// start runs a collector until it is told to end by a signal, which the collector handles by itself: it drains its queues.
func start(ctx context.Context, s otelcol.CollectorSettings) error {
	c, err := otelcol.NewCollector(s)
	if err != nil {
		return err
	}
	// A signal that comes before the collector listens for signals would be lost, and the process stay until it is killed.
	defer context.AfterFunc(ctx, c.Shutdown)()
	// The context ends with the first signal; the collector must live on to drain, so it gets one that does not.
	return c.Run(context.WithoutCancel(ctx))
}

// try says whether a collector would start with a configuration, without starting it.
func try(p parts) func(ctx context.Context, config []byte) error {
	return func(ctx context.Context, config []byte) error {
		c, err := otelcol.NewCollector(settings(p, "yaml:"+string(config)))
		if err != nil {
			return err
		}
		return c.DryRun(ctx)
	}
}
