// Package sse writes server-sent events.
package sse

import (
	"bytes"
	"net/http"
	"time"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/body"
)

// Writer writes server-sent events. Events that are there together are sent together.
type Writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     []byte
	until   time.Time
}

// NewWriter writes nothing yet.
func NewWriter(w http.ResponseWriter) *Writer {
	return &Writer{w: w, control: http.NewResponseController(w), buf: make([]byte, 0, 1024)}
}

// Write keeps an event until it is flushed.
func (s *Writer) Write(e api.Event) {
	if e.Name != "" {
		s.buf = append(append(append(s.buf, "event: "...), e.Name...), '\n')
	}
	for line := range bytes.SplitSeq(e.Data, []byte{'\n'}) {
		s.buf = append(append(append(s.buf, "data: "...), line...), '\n')
	}
	s.buf = append(s.buf, '\n')
	if len(s.buf) > 32<<10 {
		s.Flush()
	}
}

// Flush sends what is there.
func (s *Writer) Flush() {
	if len(s.buf) == 0 {
		return
	}
	if now := time.Now(); s.until.Sub(now) < body.Stuck/2 {
		s.until = now.Add(body.Stuck)
		_ = s.control.SetWriteDeadline(s.until)
	}
	_, _ = s.w.Write(s.buf)
	s.buf = s.buf[:0]
	_ = s.control.Flush()
}
