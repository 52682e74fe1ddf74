package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Check reads a request's body and says what is wrong with it: 0 means nothing, and the body can be read again.
func Check(r *http.Request) (status int) {
	// Sidecars send protobuf. The decoder of JSON calls itself as well, and nothing here looks into JSON.
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-protobuf") {
		return http.StatusUnsupportedMediaType
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case err != nil || TooDeep(body):
		return http.StatusBadRequest
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return 0
}
