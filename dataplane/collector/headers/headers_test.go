package headers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type outcomes struct{ last string }

func (*outcomes) Declare(string)                       {}
func (*outcomes) Withdraw(string)                      {}
func (o *outcomes) Delivered(string)                   { o.last = "Delivered" }
func (o *outcomes) Failed(_, reason string)            { o.last = "Failed: " + reason }
func (o *outcomes) CredentialMissing(_, detail string) { o.last = detail }

func TestHeadersAreReadForEveryRequest(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, "agentops-x", name) }
	write := func(name, text string) {
		_ = os.MkdirAll(filepath.Dir(file(name)), 0o755)
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var seen http.Header
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte("your span said: secret"))
	}))
	defer server.Close()
	o := &outcomes{}
	h := &headers{backend: "b", outcomes: o, config: &Config{Headers: []Header{
		{Name: "Authorization", Format: "Basic %s", Base64: true, Files: []string{file("user"), file("password")}},
		{Name: "X-Fixed", Value: "4"},
	}}}
	rt, _ := h.RoundTripper(http.DefaultTransport)
	client := &http.Client{Transport: rt}
	call := func(path string) (*http.Response, error) {
		resp, err := client.Post(server.URL+path, "", strings.NewReader("x"))
		if err == nil {
			resp.Body.Close()
		}
		return resp, err
	}
	if _, err := call("/"); err == nil || o.last != "credential missing: agentops-x/user" {
		t.Errorf("without files: %v, %q", err, o.last)
	}
	write("user", "pk\n")
	write("password", "sk\n")
	if _, err := call("/"); err != nil || seen.Get("Authorization") != "Basic cGs6c2s=" || seen.Get("X-Fixed") != "4" || o.last != "Delivered" {
		t.Errorf("%v %v %q", err, seen, o.last)
	}
	write("password", "new")
	if _, _ = call("/"); seen.Get("Authorization") != "Basic cGs6bmV3" {
		t.Errorf("a rotated secret is not used: %v", seen)
	}
	code = http.StatusBadRequest
	if resp, _ := call("/"); resp.ContentLength != 0 || o.last != "Failed: HTTP 400" {
		t.Errorf("a refusal keeps its text, or %q", o.last)
	}
	if _, err := call("/redirect"); err == nil || !strings.Contains(o.last, "redirected") {
		t.Errorf("a redirect was followed: %v %q", err, o.last)
	}
	h.config.Headers[0].Base64 = false
	write("password", "a\r\nX-Other: b")
	if _, err := call("/"); err == nil || o.last != "credential missing: agentops-x/user holds characters that no header may hold" {
		t.Errorf("a line break went into a header, or nobody says whose: %v %q", err, o.last)
	}
}

func TestAMissingCredentialKeepsGRPCDataInTheQueue(t *testing.T) {
	h := &headers{backend: "b", outcomes: &outcomes{}, config: &Config{Headers: []Header{{Name: "a", Files: []string{"/nonexistent/x"}}}}}
	c, _ := h.PerRPCCredentials()
	if _, err := c.GetRequestMetadata(context.Background()); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want Unavailable, which is tried again", err)
	}
}

func TestHeadersAreValidated(t *testing.T) {
	cases := map[string]Header{
		"no name":        {Value: "x"},
		"nothing":        {Name: "a"},
		"both":           {Name: "a", Value: "x", Files: []string{"y"}},
		"wrong format":   {Name: "a", Files: []string{"y"}, Format: "%d"},
		"two places":     {Name: "a", Files: []string{"y"}, Format: "%s %s"},
		"format a value": {Name: "a", Value: "x", Format: "%s"},
	}
	for name, h := range cases {
		if (&Config{Headers: []Header{h}}).Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
