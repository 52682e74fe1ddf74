package serve

import (
	"bytes"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/api"
)

// stuck is how long a client may take to read what is there.
const stuck = time.Minute

// sse writes server-sent events. Events that are there together are sent together.
type sse struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     []byte
	until   time.Time
}

func newSSE(w http.ResponseWriter) *sse {
	return &sse{w: w, control: http.NewResponseController(w), buf: make([]byte, 0, 1024)}
}

func (s *sse) write(e api.Event) {
	if e.Name != "" {
		s.buf = append(append(append(s.buf, "event: "...), e.Name...), '\n')
	}
	for line := range bytes.SplitSeq(e.Data, []byte{'\n'}) {
		s.buf = append(append(append(s.buf, "data: "...), line...), '\n')
	}
	s.buf = append(s.buf, '\n')
	if len(s.buf) > 32<<10 {
		s.flush()
	}
}

func (s *sse) flush() {
	if len(s.buf) == 0 {
		return
	}
	if now := time.Now(); s.until.Sub(now) < stuck/2 {
		s.until = now.Add(stuck)
		_ = s.control.SetWriteDeadline(s.until)
	}
	_, _ = s.w.Write(s.buf)
	s.buf = s.buf[:0]
	_ = s.control.Flush()
}

// name keeps what names a stream's answer.
func (s *sending) name(e api.Event) {
	data := gjson.ParseBytes(e.Data)
	for _, at := range []gjson.Result{data, data.Get("message"), data.Get("response")} {
		if id := at.Get("id").Str; id != "" {
			s.report.ResponseID, s.report.ResponseModel = id, at.Get("model").Str
			return
		}
	}
}
