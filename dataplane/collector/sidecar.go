package main

import (
	"cmp"
	"context"
	"os"
	"time"

	"agentops.dev/dataplane/collector/embed"
	"agentops.dev/dataplane/collector/ports"
	"agentops.dev/dataplane/collector/sidecar"
)

func runSidecar(ctx context.Context) error {
	dir := cmp.Or(os.Getenv("AGENTOPS_DIR"), "/var/run/agentops")
	s := sidecar.New(version, dir, time.Now)
	// Before the first span: with rules that are there already, no span meets the default.
	s.Refresh()
	s.TestCanaries()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop() // the rules stay fresh while the queue drains
	go s.Watch(watching, time.Second, time.Minute)
	return start(ctx, settings(sidecarComponents(s), "yaml:"+embed.Sidecar, ports.NewFactory(s, 5*time.Second)))
}
