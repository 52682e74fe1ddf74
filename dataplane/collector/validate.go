package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"agentops.dev/dataplane/collector/api"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/store"
	"agentops.dev/dataplane/collector/volume"
	"agentops.dev/dataplane/identity"
)

func validate(ctx context.Context, path string) error {
	config, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := try(relayComponents(blankRelay()))(ctx, config); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// blankRelay touches no disk and no network: a configuration is judged anywhere.
func blankRelay() *relayState {
	registry := prometheus.NewRegistry()
	agents := &relay.Agents{}
	return &relayState{counters: relay.NewCounters(registry), Relay: api.Relay{
		Verifier: identity.NewVerifier(nil, nil, nil, time.Now),
		Agents:   agents,
		Fleet:    relay.NewFleet("", agents.Known, time.Now),
		Backends: relay.NewBackends(time.Now),
		Config:   relay.NewConfig(time.Now),
		Store:    &store.Store{},
		Volume:   &volume.Volume{},
		Registry: registry,
	}}
}
