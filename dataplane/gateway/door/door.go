// Package door is the end of a process that answers calls: which it still takes, and which are open.
package door

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Door counts the calls in flight, and closes in two steps.
type Door struct {
	// Clock is time.Now where none is set.
	Clock    func() time.Time
	leaving  atomic.Bool
	draining atomic.Bool
	open     atomic.Int64
}

// Enter counts a call until the function that it returns is called.
func (d *Door) Enter(w http.ResponseWriter, r *http.Request) (leave func()) {
	d.open.Add(1)
	if d.leaving.Load() || d.aged(r.Context()) {
		w.Header()["Connection"] = []string{"close"}
	}
	return func() { d.open.Add(-1) }
}

// Leave tells that the process will end. Calls are still taken, for a Service goes on sending them for a moment, but each
// connection ends with its call, so that the next one goes elsewhere.
func (d *Door) Leave() { d.leaving.Store(true) }

// Leaving says whether the process will end.
func (d *Door) Leaving() bool { return d.leaving.Load() }

// Drain refuses new calls; those that are open go on.
func (d *Door) Drain() { d.draining.Store(true) }

// Draining says whether new calls are refused.
func (d *Door) Draining() bool { return d.draining.Load() }

// Open is the number of calls in flight.
func (d *Door) Open() int64 { return d.open.Load() }
