package body

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// soon is the patience of these tests.
const soon = 50 * time.Millisecond

// raw sends a request by hand and returns the connection.
func raw(t *testing.T, url, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

// A client that announces a body and does not send it is not waited for.
func TestABodyThatDoesNotComeIsGivenUp(t *testing.T) {
	for name, head := range map[string]string{"announced": "Content-Length: 100\r\n\r\nabc", "in chunks": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"} {
		ended := make(chan error, 1)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := Read(w, r, 1000, soon)
			ended <- err
		}))
		raw(t, s.URL, "POST / HTTP/1.1\r\nHost: x\r\n"+head)
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
}

// A client that does not read its answer is not waited for.
func TestAnAnswerThatNobodyReadsIsGivenUp(t *testing.T) {
	ended := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Write(w, make([]byte, 64<<20), soon)
		close(ended)
	}))
	defer s.Close()
	raw(t, s.URL, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-ended
}

// What was read in time ends no call that takes longer, and the connection serves the next one.
func TestAFastClientMayWaitLong(t *testing.T) {
	const patience = time.Second
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := Read(w, r, 1000, patience)
		if err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error("the client seemed to be gone")
		case <-time.After(patience + soon):
		}
		Write(w, data, patience)
	}))
	defer s.Close()
	for range 2 {
		resp, err := http.Post(s.URL, "text/plain", bytes.NewBufferString("abc"))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(resp.Body); string(got) != "abc" {
			t.Errorf("got %q", got)
		}
		resp.Body.Close()
	}
}

// A body that is too large is refused by its announcement, and without one at its limit.
func TestABodyThatIsTooLarge(t *testing.T) {
	for _, announced := range []int64{2000, -1} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 2000)))
		r.ContentLength = announced
		var large *http.MaxBytesError
		if _, err := Read(httptest.NewRecorder(), r, 1000, soon); !errors.As(err, &large) {
			t.Errorf("%d: %v", announced, err)
		}
	}
}
