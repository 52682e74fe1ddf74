package configmap

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"agentops.dev/dataplane/identity"
)

// api is an API server with one ConfigMap. A watch tells of each version after its own, and can be cut off.
type api struct {
	mu      sync.Mutex
	changed *sync.Cond
	version int
	text    string
	status  int // of reads; 0 is 200
	cut     int // watches begun before this number end
	begun   int
	deaf    bool // watches tell nothing
	asked   []string
}

func newAPI(t *testing.T) (*api, *Follower) {
	a := &api{version: 1, text: "one"}
	a.changed = sync.NewCond(&a.mu)
	server := httptest.NewServer(a)
	t.Cleanup(func() { a.set(func() { a.cut = 1 << 30 }); server.Close() })
	f, err := New(identity.Source{Server: server.URL}, "agentops-system/agentops-gateway", "plan.v1.json", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return a, f
}

func (a *api) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	a.changed.Broadcast()
}

func (a *api) write(text string) { a.set(func() { a.version, a.text = a.version+1, text }) }

func (a *api) object() string {
	data := `"data":{"plan.v1.json":"` + a.text + `"}`
	if strings.HasPrefix(a.text, "packed") {
		data = `"binaryData":{"plan.v1.json":"` + base64.StdEncoding.EncodeToString([]byte(a.text)) + `"}`
	}
	if a.text == "" {
		data = `"data":{}`
	}
	return fmt.Sprintf(`{"kind":"ConfigMap","metadata":{"name":"agentops-gateway","resourceVersion":"%d"},%s}`, a.version, data)
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.RequestURI())
	if a.status != 0 {
		w.WriteHeader(a.status)
		return
	}
	if r.URL.Query().Get("watch") == "" {
		_, _ = w.Write([]byte(a.object()))
		return
	}
	a.begun++
	me, seen := a.begun, 0
	_, _ = fmt.Sscan(r.URL.Query().Get("resourceVersion"), &seen)
	w.(http.Flusher).Flush()
	for a.cut < me {
		if a.version > seen && !a.deaf {
			seen = a.version
			_, _ = fmt.Fprintf(w, `{"type":"MODIFIED","object":%s}`+"\n", a.object())
			w.(http.Flusher).Flush()
		}
		a.changed.Wait()
	}
}

// taken runs the follower and returns what it takes, and what it complains of.
func taken(t *testing.T, f *Follower) (versions chan string, failures chan error) {
	versions, failures = make(chan string, 64), make(chan error, 64)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx, func(data []byte) { versions <- string(data) }, func(err error) { failures <- err })
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return versions, failures
}

func next[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// Each version arrives in the order in which it was written, plain or packed, over one watch that names the object.
func TestEachVersionArrivesInOrder(t *testing.T) {
	a, f := newAPI(t)
	versions, _ := taken(t, f)
	if got := next(t, versions); got != "one" {
		t.Errorf("got %q", got)
	}
	for _, text := range []string{"two", "packed three", "four"} {
		a.write(text)
		if got := next(t, versions); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun != 1 || a.asked[0] != "/api/v1/namespaces/agentops-system/configmaps/agentops-gateway" || !strings.Contains(a.asked[1], "fieldSelector=metadata.name%3Dagentops-gateway") {
		t.Errorf("asked %v", a.asked)
	}
	if f.Silence() > time.Minute {
		t.Errorf("silent for %v", f.Silence())
	}
}

// A change that no watch told of is there after the next read: a watch that ends is followed by one.
func TestAChangeThatWasMissedIsRead(t *testing.T) {
	a, f := newAPI(t)
	versions, _ := taken(t, f)
	next(t, versions)
	a.set(func() { a.deaf = true })
	a.write("two")
	a.set(func() { a.cut = 1 })
	if got := next(t, versions); got != "two" {
		t.Errorf("got %q", got)
	}
}

// What stands in the way is told once until it changes, nothing is taken meanwhile, and it mends itself.
func TestAnObstacleIsToldOnce(t *testing.T) {
	a, f := newAPI(t)
	a.set(func() { a.status = http.StatusForbidden })
	versions, failures := taken(t, f)
	if err := next(t, failures); !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
	a.set(func() { a.status = http.StatusNotFound })
	if err := next(t, failures); err != errGone {
		t.Errorf("got %v", err)
	}
	if len(versions) != 0 || f.Silence() < time.Hour {
		t.Errorf("%d versions, silent for %v", len(versions), f.Silence())
	}
	a.set(func() { a.status = 0 })
	if got := next(t, versions); got != "one" || len(failures) != 0 {
		t.Errorf("got %q, %d failures", got, len(failures))
	}
	a.write("")
	if err := next(t, failures); err != errGone {
		t.Errorf("without the key: %v", err)
	}
}

// A place that is none is refused at the start.
func TestAPlaceIsANamespaceAndAName(t *testing.T) {
	for _, place := range []string{"", "x", "/x", "x/", "a/b/c"} {
		if _, err := New(identity.Source{}, place, "k", time.Now); err == nil {
			t.Errorf("%q is taken", place)
		}
	}
}
