package main

import (
	"os"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/signaltometricsconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/deltatocumulativeprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/forwardconnector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"agentops.dev/dataplane/collector/api"
	"agentops.dev/dataplane/collector/forwarder"
	"agentops.dev/dataplane/collector/headers"
	"agentops.dev/dataplane/collector/maskprocessor"
	"agentops.dev/dataplane/collector/normalizeprocessor"
	"agentops.dev/dataplane/collector/reporter"
	"agentops.dev/dataplane/collector/selectprocessor"
	"agentops.dev/dataplane/collector/sender"
	"agentops.dev/dataplane/collector/sidecar"
	"agentops.dev/dataplane/collector/stampprocessor"
	"agentops.dev/dataplane/collector/store"
	"agentops.dev/dataplane/collector/telemetry"
)

// sidecarComponents is everything a sidecar is made of. It has no exporter but the one to the relay.
func sidecarComponents(s *sidecar.Sidecar) parts {
	return parts{
		receivers:  []receiver.Factory{otlpreceiver.NewFactory()},
		processors: []processor.Factory{memorylimiterprocessor.NewFactory(), normalizeprocessor.NewFactory(), maskprocessor.NewFactory(s)},
		exporters:  []exporter.Factory{otlphttpexporter.NewFactory()},
		extensions: []extension.Factory{
			healthcheckextension.NewFactory(),
			headers.NewFactory(sidecar.Outcomes{Sidecar: s}),
			reporter.NewFactory(s),
			forwarder.NewFactory(s),
		},
	}
}

// relayComponents is everything a relay's configuration may name.
func relayComponents(r *relayState) parts {
	return parts{
		receivers: []receiver.Factory{otlpreceiver.NewFactory()},
		processors: []processor.Factory{
			memorylimiterprocessor.NewFactory(),
			stampprocessor.NewFactory(r.Agents, r.Fleet),
			selectprocessor.NewFactory(r.Agents, r.counters),
			deltatocumulativeprocessor.NewFactory(),
			filterprocessor.NewFactory(),
			resourceprocessor.NewFactory(),
			tailsamplingprocessor.NewFactory(),
		},
		exporters: []exporter.Factory{
			store.NewFactory(r.Store, r),
			nopexporter.NewFactory(),
			otlpexporter.NewFactory(),
			otlphttpexporter.NewFactory(),
			prometheusexporter.NewFactory(),
		},
		extensions: []extension.Factory{
			healthcheckextension.NewFactory(),
			filestorage.NewFactory(),
			headers.NewFactory(r.Backends),
			sender.NewFactory(r.Verifier, os.Getenv("AGENTOPS_GATEWAY_SUBJECT"), r.holding),
			api.NewFactory(&r.Relay),
		},
		connectors: []connector.Factory{forwardconnector.NewFactory(), signaltometricsconnector.NewFactory()},
		registry:   r.Registry,
	}
}

// parts lists the components of one distribution.
type parts struct {
	receivers  []receiver.Factory
	processors []processor.Factory
	exporters  []exporter.Factory
	extensions []extension.Factory
	connectors []connector.Factory
	registry   prometheus.Registerer
}

func (p parts) factories() (f otelcol.Factories, err error) {
	collect(&err, &f.Receivers, p.receivers)
	collect(&err, &f.Processors, p.processors)
	collect(&err, &f.Exporters, p.exporters)
	collect(&err, &f.Extensions, p.extensions)
	collect(&err, &f.Connectors, p.connectors)
	f.Telemetry = telemetry.NewFactory(p.registry)
	return f, err
}

func collect[F component.Factory](err *error, into *map[component.Type]F, list []F) {
	made, e := otelcol.MakeFactoryMap(list...)
	if e != nil {
		*err = e
	}
	*into = made
}
