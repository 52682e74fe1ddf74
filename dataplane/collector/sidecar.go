package main

import (
	"cmp"
	"context"
	"os"
	"runtime/debug"
	"time"

	"agentops.dev/dataplane/collector/embed"
	"agentops.dev/dataplane/collector/ports"
	"agentops.dev/dataplane/collector/sidecar"
)

// memoryLimit is below the 192Mi that the pod's container may use.
const memoryLimit = 170 << 20

func runSidecar(ctx context.Context) error {
	dir := cmp.Or(os.Getenv("AGENTOPS_DIR"), "/var/run/agentops")
	// Close to the pod's limit the garbage collector works harder: better slow than killed with a full queue.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	s := sidecar.New(version, dir, time.Now)
	// Before the first span: with rules that are there already, no span meets the default.
	s.Refresh()
	s.TestCanaries()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop() // the rules stay fresh while the queue drains
	go s.Watch(watching, time.Second, time.Minute)
	return start(ctx, settings(sidecarComponents(s), "yaml:"+embed.Sidecar, ports.NewFactory(s, 5*time.Second)))
}
