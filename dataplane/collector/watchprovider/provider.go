// Package watchprovider reads a configuration from a file and follows it: "watch:/etc/agentops/relay.yaml". A new
// configuration is tried out first; one that would not start never reaches the running collector, which would end.
package watchprovider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/confmap"
)

// Scheme is the word before the colon.
const Scheme = "watch"

// ErrLater is in an error of Try when the same configuration may start later.
var ErrLater = errors.New("put off")

// Outcome is told which configuration is in force.
type Outcome interface {
	Accepted(digest string)
	Refused(reason string)
}

// Options say how to follow a file.
type Options struct {
	// Fallback is the configuration of a start without a usable file.
	Fallback []byte
	// Try says whether a collector would start with a configuration.
	Try     func(ctx context.Context, config []byte) error
	Outcome Outcome
	Poll    time.Duration
}

type provider struct {
	Options
	wg sync.WaitGroup

	mu       sync.Mutex
	accepted []byte
	refused  []byte
	later    bool // the refused one is tried again
	stop     context.CancelFunc
}

// NewFactory makes the provider.
func NewFactory(o Options) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return &provider{Options: o} })
}

func (*provider) Scheme() string { return Scheme }

// announce survives a change in the moment of shutdown: the resolver has closed its channel by then.
func announce(changed confmap.WatcherFunc) {
	defer func() { _ = recover() }()
	changed(&confmap.ChangeEvent{})
}

// Retrieve returns the accepted bytes, never what the file holds by now: that was not tried yet.
func (p *provider) Retrieve(ctx context.Context, uri string, changed confmap.WatcherFunc) (*confmap.Retrieved, error) {
	path, ok := strings.CutPrefix(uri, Scheme+":")
	if !ok {
		return nil, fmt.Errorf("%q does not start with %s:", uri, Scheme)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accepted == nil {
		p.first(ctx, path)
	}
	if p.stop == nil && changed != nil {
		p.follow(path, changed)
	}
	return confmap.NewRetrievedFromYAML(p.accepted)
}

// first reads the file at the start of the process.
func (p *provider) first(ctx context.Context, path string) {
	if !p.look(ctx, path) {
		p.accepted = p.Fallback
	}
}

func (p *provider) follow(path string, changed confmap.WatcherFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.wg.Go(func() {
		tick := time.NewTicker(p.Poll)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			p.mu.Lock()
			swapped := p.look(ctx, path)
			p.mu.Unlock()
			if swapped {
				announce(changed)
			}
		}
	})
}

// look reads the file once and says whether it holds a new configuration that would start. The kubelet swaps a symbolic
// link, so only the content tells.
func (p *provider) look(ctx context.Context, path string) bool {
	data, err := os.ReadFile(path)
	switch {
	case err != nil:
		p.Outcome.Refused(err.Error())
		return false
	case bytes.Equal(data, p.accepted):
		if p.refused != nil { // a bad file was taken back
			p.refused = nil
			p.Outcome.Accepted(digest(data))
		}
		return false
	case bytes.Equal(data, p.refused) && !p.later:
		return false
	}
	if err := p.Try(ctx, data); err != nil {
		p.refused, p.later = data, errors.Is(err, ErrLater)
		p.Outcome.Refused(err.Error())
		return false
	}
	p.accepted, p.refused = data, nil
	p.Outcome.Accepted(digest(data))
	return true
}

func (p *provider) Shutdown(context.Context) error {
	p.mu.Lock()
	stop := p.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
	p.wg.Wait()
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
