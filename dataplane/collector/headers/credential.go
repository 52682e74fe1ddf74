package headers

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ErrCredentialMissing says that a file which holds a credential is absent, empty or unreadable.
var ErrCredentialMissing = errors.New("credential missing")

// values reads every header. Errors name files, never what is in them.
func (c *Config) values() (map[string]string, error) {
	out := make(map[string]string, len(c.Headers))
	for _, h := range c.Headers {
		v, err := h.read()
		if err != nil {
			return nil, err
		}
		out[h.Name] = v
	}
	return out, nil
}

func (h Header) read() (string, error) {
	if len(h.Files) == 0 {
		return h.Value, nil
	}
	parts := make([]string, 0, len(h.Files))
	for _, file := range h.Files {
		data, err := os.ReadFile(file)
		text := strings.TrimSpace(string(data))
		if err != nil || text == "" {
			return "", fmt.Errorf("%w: %s", ErrCredentialMissing, place(file))
		}
		parts = append(parts, text)
	}
	secret := strings.Join(parts, ":")
	if h.Base64 {
		secret = base64.StdEncoding.EncodeToString([]byte(secret))
	}
	if h.Format != "" {
		secret = strings.Replace(h.Format, "%s", secret, 1)
	}
	// A line break in a Secret would otherwise end the header and start another one.
	if !httpguts.ValidHeaderFieldValue(secret) {
		return "", fmt.Errorf("%w: %s holds characters that no header may hold", ErrCredentialMissing, place(h.Files[0]))
	}
	return secret, nil
}

// place is the Secret and key of a file, which is what a reader can act on.
func place(file string) string {
	return filepath.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file))
}
