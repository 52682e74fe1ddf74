package headers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

var errRedirected = errors.New("redirected")

type roundTripper struct {
	*headers
	base http.RoundTripper
}

// RoundTrip adds the headers and remembers how the request ended.
func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	// A redirect would take the credential to another host.
	if req.Response != nil {
		closeBody(req)
		r.outcomes.Failed(r.backend, "redirected; write the address it redirects to")
		return nil, errRedirected
	}
	values, err := r.config.values()
	if err != nil {
		closeBody(req)
		r.outcomes.CredentialMissing(r.backend, err.Error())
		// The exporter takes this for a connection error and keeps the data in its queue.
		return nil, err
	}
	out := req.Clone(req.Context())
	for name, value := range values {
		out.Header.Set(name, value)
	}
	resp, err := r.base.RoundTrip(out)
	if err != nil {
		r.outcomes.Failed(r.backend, plain(err))
		return nil, err
	}
	if resp.StatusCode >= 300 {
		r.outcomes.Failed(r.backend, fmt.Sprintf("HTTP %d", resp.StatusCode))
		empty(resp)
		return resp, nil
	}
	r.outcomes.Delivered(r.backend)
	return resp, nil
}

// empty takes the text out of a refusal: backends quote what they refuse, and the exporter writes it to the log.
func empty(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
	resp.Body = http.NoBody
	resp.ContentLength = 0
}

// plain is an error without the URL, whose query may hold a key.
func plain(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
