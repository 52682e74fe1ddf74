// Command agentops-gateway answers the LLM calls of agents: it knows who calls, keeps to the plan's limits, asks the provider
// that can answer, and writes down what it cost.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"agentops.dev/dataplane/gateway"
	"agentops.dev/dataplane/gateway/plan"
)

// version is set by the linker: -X main.version=0.1.0.
var version = "0.0.0-dev"

const usage = `usage: agentops-gateway [command]

  serve              run (the default); settings are variables, see docs/gateway.md
  tenant             run in a tenant's namespace, with its credentials, for the shared gateway
  validate <plan>    say whether a gateway would accept a plan
  version            print the version
`

// memoryLimit makes the garbage collector work harder before a pod's limit of 256Mi is near.
const memoryLimit = 224 << 20

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0, len(args) == 1 && args[0] == "serve":
		return serve(gateway.FromEnvironment)
	case len(args) == 1 && args[0] == "tenant":
		return serve(gateway.TenantFromEnvironment)
	case len(args) == 2 && args[0] == "validate":
		return validate(args[1])
	case len(args) == 1 && args[0] == "version":
		fmt.Println(version)
		return nil
	}
	return fmt.Errorf("%s", usage)
}

func serve(read func(version string) (gateway.Settings, error)) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	settings, err := read(version)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return gateway.Run(ctx, settings)
}

func validate(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	p, err := plan.Parse(data)
	if err != nil {
		return err
	}
	fmt.Println("accepted", p.Digest())
	return nil
}
