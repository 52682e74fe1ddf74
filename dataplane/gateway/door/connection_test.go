package door

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// A connection that is old ends with a call, in order, and the client comes back by a new one: perhaps to another replica.
func TestOldConnectionsEndWithACall(t *testing.T) {
	var later atomic.Int64
	d := &Door{Clock: func() time.Time { return time.Unix(0, later.Load()) }}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { defer d.Enter(w, r)() }))
	front.Config.ConnContext = d.Connected
	front.Start()
	defer front.Close()
	ends := func() bool {
		t.Helper()
		resp, err := http.Get(front.URL + "/nothing")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.Close
	}
	if ends() {
		t.Fatal("a new connection ends")
	}
	later.Store(int64(connectionAge))
	if !ends() {
		t.Fatal("an old connection stays")
	}
	if ends() {
		t.Fatal("the next connection is as old")
	}
}
