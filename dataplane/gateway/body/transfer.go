package body

import (
	"io"
	"net/http"
	"time"
)

// Stuck is how long a client may take to send its request, or to read what is there of an answer. Without an end, one that
// holds its connection open and does neither would hold its call too.
const Stuck = time.Minute

// Read reads the body of a request. The error is *http.MaxBytesError where it has more than so many bytes.
func Read(w http.ResponseWriter, r *http.Request, most int64, patience time.Duration) ([]byte, error) {
	if r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most}
	}
	control := http.NewResponseController(w)
	// A writer that knows no deadlines is none of a network.
	_ = control.SetReadDeadline(time.Now().Add(patience))
	in := http.MaxBytesReader(w, r.Body, most)
	if r.ContentLength < 0 {
		data, err := io.ReadAll(in)
		return data, lift(control, err)
	}
	data := make([]byte, r.ContentLength)
	_, err := io.ReadFull(in, data)
	return data, lift(control, err)
}

// lift takes the deadline back: the connection would else seem to break while the call goes on.
func lift(control *http.ResponseController, err error) error {
	if err == nil {
		_ = control.SetReadDeadline(time.Time{})
	}
	return err
}

// Write writes a whole answer.
func Write(w http.ResponseWriter, data []byte, patience time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
	_, _ = w.Write(data)
}
