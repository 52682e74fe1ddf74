// Package telemetry is the collector's telemetry about itself: logs as JSON on standard error, and metrics in a registry
// that the relay serves together with its own. Nothing else is offered, so nothing can be sent elsewhere by mistake.
package telemetry

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	upstream "go.opentelemetry.io/collector/service/telemetry"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Config is the part "service.telemetry" of a configuration.
type Config struct {
	Logs LogsConfig `mapstructure:"logs"`
}

// LogsConfig is the part "service.telemetry.logs".
type LogsConfig struct {
	// Level is the least level that is logged. Default: info.
	Level zapcore.Level `mapstructure:"level"`
}

// NewFactory keeps metrics in the registry; nil means that there are none.
func NewFactory(registry prometheus.Registerer) upstream.Factory {
	options := []upstream.FactoryOption{upstream.WithCreateLogger(newLogger)}
	if registry != nil {
		options = append(options, upstream.WithCreateMeterProvider(meters(registry)))
	}
	return upstream.NewFactory(func() component.Config { return &Config{} }, options...)
}

func newLogger(_ context.Context, set upstream.LoggerSettings, cfg component.Config) (*zap.Logger, component.ShutdownFunc, error) {
	zapConfig := zap.NewProductionConfig()
	zapConfig.Level = zap.NewAtomicLevelAt(cfg.(*Config).Logs.Level)
	zapConfig.EncoderConfig.EncodeTime = zapcore.RFC3339TimeEncoder
	zapConfig.DisableStacktrace = true
	zapConfig.DisableCaller = true
	build := set.BuildZapLogger
	if build == nil {
		build = zap.Config.Build
	}
	logger, err := build(zapConfig, set.ZapOptions...)
	return logger, nil, err
}

func meters(registry prometheus.Registerer) upstream.CreateMeterProviderFunc {
	return func(context.Context, upstream.MeterSettings, component.Config) (upstream.MeterProvider, error) {
		// Each restart of the pipelines makes a new provider: without unregistering, the second one is refused.
		own := &removable{Registerer: registry}
		exporter, err := otelprom.New(otelprom.WithRegisterer(own), otelprom.WithoutScopeInfo(), otelprom.WithoutTargetInfo())
		if err != nil {
			return nil, err
		}
		return provider{sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)), own}, nil
	}
}

type provider struct {
	*sdkmetric.MeterProvider
	own *removable
}

func (p provider) Shutdown(ctx context.Context) error {
	p.own.remove()
	return p.MeterProvider.Shutdown(ctx)
}

// removable remembers what was registered, to take it out again.
type removable struct {
	prometheus.Registerer
	collectors []prometheus.Collector
}

func (r *removable) Register(c prometheus.Collector) error {
	r.collectors = append(r.collectors, c)
	return r.Registerer.Register(c)
}

func (r *removable) remove() {
	for _, c := range r.collectors {
		r.Unregister(c)
	}
}
