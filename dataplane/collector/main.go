// Command agentops-collector is the data plane's OpenTelemetry collector: the sidecar in an agent's pod, which masks, and
// the relay in the operator's namespace, which stamps, counts, stores and exports.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker: -X main.version=0.1.0.
var version = "0.0.0-dev"

const usage = `usage: agentops-collector <command>

  sidecar                    run in an agent's pod
  relay [config]             run in the operator's namespace (default: /etc/agentops/relay.yaml)
  validate <config>          say whether a relay would start with a configuration
  version                    print the version
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command, rest := "", []string(nil)
	if len(args) > 0 {
		command, rest = args[0], args[1:]
	}
	switch {
	case command == "sidecar" && len(rest) == 0:
		return runSidecar(ctx)
	case command == "relay" && len(rest) <= 1:
		return runRelay(ctx, append(rest, "/etc/agentops/relay.yaml")[0])
	case command == "validate" && len(rest) == 1:
		return validate(ctx, rest[0])
	case command == "version":
		fmt.Println(version)
		return nil
	}
	return fmt.Errorf("%s", usage)
}
