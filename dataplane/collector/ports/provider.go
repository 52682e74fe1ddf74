// Package ports gives a sidecar's configuration the addresses to listen on. A port that another process holds must not
// end the sidecar: it listens elsewhere, says so, and comes back when the port is free.
package ports

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
)

// Scheme is the word before the colon: ${listen:127.0.0.1:4317}.
const Scheme = "listen"

// elsewhere is an address that is always free: the operating system picks the port.
const elsewhere = "127.0.0.1:0"

// Problems is told about ports that are in use.
type Problems interface {
	Problem(text string)
	Solved(text string)
}

type provider struct {
	problems Problems
	poll     time.Duration
}

// NewFactory makes the provider.
func NewFactory(problems Problems, poll time.Duration) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return &provider{problems: problems, poll: poll}
	})
}

func (*provider) Scheme() string { return Scheme }

func (*provider) Shutdown(context.Context) error { return nil }

// Retrieve returns the address itself when it is free, and nothing for nothing: that part does not listen.
func (p *provider) Retrieve(_ context.Context, uri string, changed confmap.WatcherFunc) (*confmap.Retrieved, error) {
	address, ok := strings.CutPrefix(uri, Scheme+":")
	if !ok {
		return nil, fmt.Errorf("%q does not start with %s:", uri, Scheme)
	}
	if address == "" {
		return confmap.NewRetrieved("")
	}
	problem := "PortInUse: " + address
	if free(address) {
		p.problems.Solved(problem)
		return confmap.NewRetrieved(address)
	}
	p.problems.Problem(problem)
	ctx, cancel := context.WithCancel(context.Background())
	go p.await(ctx, address, changed)
	return confmap.NewRetrieved(elsewhere, confmap.WithRetrievedClose(func(context.Context) error {
		cancel()
		return nil
	}))
}

// await asks for a new configuration when the port is free.
func (p *provider) await(ctx context.Context, address string, changed confmap.WatcherFunc) {
	tick := time.NewTicker(p.poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if free(address) && changed != nil {
				announce(changed)
				return
			}
		}
	}
}

func free(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// announce survives a change in the moment of shutdown: the resolver has closed its channel by then.
func announce(changed confmap.WatcherFunc) {
	defer func() { _ = recover() }()
	changed(&confmap.ChangeEvent{})
}
