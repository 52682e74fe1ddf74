package upstream

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"agentops.dev/dataplane/gateway/plan"
)

// secretAge is how long a value is used before its file is looked at again: a rotated key is in use a second later.
const secretAge = time.Second

// Secrets reads credentials from mounted files.
type Secrets struct {
	dir string

	mu    sync.RWMutex
	files map[string]secret
}

type secret struct {
	value string
	err   error
	read  time.Time
}

// NewSecrets reads nothing yet.
func NewSecrets(dir string) *Secrets { return &Secrets{dir: dir, files: map[string]secret{}} }

// Get returns a credential's value; "" when the target has no such role.
func (s *Secrets) Get(c *plan.Credential, role plan.Role) (string, error) {
	if c == nil {
		return "", nil
	}
	file, ok := c.Keys[role]
	if !ok {
		return "", nil
	}
	path := filepath.Join(s.dir, c.Secret, file)
	s.mu.RLock()
	found, ok := s.files[path]
	s.mu.RUnlock()
	if ok && time.Since(found.read) < secretAge {
		return found.value, found.err
	}
	found = read(path, c.Secret, file)
	s.mu.Lock()
	s.files[path] = found
	s.mu.Unlock()
	return found.value, found.err
}

func read(path, name, file string) secret {
	data, err := os.ReadFile(path)
	value := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		err = fmt.Errorf("key %q of Secret %q is not mounted", file, name)
	case value == "":
		err = fmt.Errorf("key %q of Secret %q is empty", file, name)
	case strings.ContainsAny(value, "\r\n") && !strings.HasPrefix(value, "{"):
		err = fmt.Errorf("key %q of Secret %q holds a line end", file, name)
	}
	return secret{value, err, time.Now()}
}

// Missing says why a target's credential cannot be used; "" when it can.
func (s *Secrets) Missing(t plan.Target) string {
	if t.Credential == nil {
		return ""
	}
	for role := range t.Credential.Keys {
		if _, err := s.Get(t.Credential, role); err != nil {
			return err.Error()
		}
	}
	return ""
}

// Missing says why a target's credential cannot be used; "" when it can.
func (c *Clients) Missing(t plan.Target) string { return c.direct.secrets.Missing(t) }
