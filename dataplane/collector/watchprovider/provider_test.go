package watchprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/confmap"
)

type outcome struct {
	mu      sync.Mutex
	digest  string
	refused string
}

func (o *outcome) Accepted(d string) { o.mu.Lock(); defer o.mu.Unlock(); o.digest, o.refused = d, "" }
func (o *outcome) Refused(r string)  { o.mu.Lock(); defer o.mu.Unlock(); o.refused = r }
func (o *outcome) get() (string, string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.digest, o.refused
}

func value(t *testing.T, p confmap.Provider, uri string, w confmap.WatcherFunc) any {
	t.Helper()
	r, err := p.Retrieve(context.Background(), uri, w)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.AsRaw()
	if err != nil {
		t.Fatal(err)
	}
	return raw.(map[string]any)["a"]
}

func TestABadFileNeverReachesTheCollector(t *testing.T) {
	path, o, changed := filepath.Join(t.TempDir(), "relay.yaml"), &outcome{}, make(chan struct{}, 9)
	factory := NewFactory(Options{Fallback: []byte("a: fallback"), Outcome: o, Poll: 5 * time.Millisecond, Try: func(_ context.Context, c []byte) error {
		if bytes.Contains(c, []byte("bad")) {
			return errors.New("would not start")
		}
		return nil
	}})
	p := factory.Create(confmap.ProviderSettings{})
	defer func() { _ = p.Shutdown(context.Background()) }()
	uri, watch := "watch:"+path, func(*confmap.ChangeEvent) { changed <- struct{}{} }
	if got := value(t, p, uri, watch); got != "fallback" {
		t.Errorf("without a file: %v", got)
	}
	write := func(text string) {
		err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path))
		if err != nil {
			t.Fatal(err)
		}
	}
	write("a: one")
	<-changed
	if got := value(t, p, uri, watch); got != "one" {
		t.Errorf("got %v", got)
	}
	first, _ := o.get()
	write("a: bad")
	for {
		if _, refused := o.get(); refused != "" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if got := value(t, p, uri, watch); got != "one" {
		t.Errorf("a bad file came through: %v", got)
	}
	if digest, _ := o.get(); digest != first {
		t.Error("the digest is not that of the configuration in force")
	}
	write("a: one")
	for {
		if _, refused := o.get(); refused == "" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if len(changed) != 0 {
		t.Error("a bad file that was taken back restarted the pipelines")
	}
}

func TestAFileThatIsPutOffIsTriedAgain(t *testing.T) {
	path, o := filepath.Join(t.TempDir(), "relay.yaml"), &outcome{}
	var full atomic.Bool
	full.Store(true)
	p := NewFactory(Options{Fallback: []byte("a: fallback"), Outcome: o, Poll: time.Millisecond, Try: func(context.Context, []byte) error {
		if full.Load() {
			return fmt.Errorf("%w: no room", ErrLater)
		}
		return nil
	}}).Create(confmap.ProviderSettings{})
	defer func() { _ = p.Shutdown(context.Background()) }()
	if err := os.WriteFile(path, []byte("a: one"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := make(chan struct{}, 9)
	uri, watch := "watch:"+path, func(*confmap.ChangeEvent) { changed <- struct{}{} }
	if got := value(t, p, uri, watch); got != "fallback" {
		t.Errorf("without room: %v", got)
	}
	if _, refused := o.get(); refused != "put off: no room" {
		t.Errorf("told %q", refused)
	}
	full.Store(false)
	<-changed
	if got := value(t, p, uri, watch); got != "one" {
		t.Errorf("with room: %v", got)
	}
}
