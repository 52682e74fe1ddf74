package relay

import (
	"sync"
	"time"
)

// ConfigState is what is known about the relay's configuration file.
type ConfigState struct {
	Digest   string    `json:"digest"`
	Error    string    `json:"error"`
	LoadedAt time.Time `json:"loadedAt"`
}

// Config remembers which configuration is in force, and why a newer one is not.
type Config struct {
	now func() time.Time

	mu    sync.Mutex
	state ConfigState
}

// NewConfig starts with none.
func NewConfig(now func() time.Time) *Config { return &Config{now: now} }

// Accepted says that a configuration is in force.
func (c *Config) Accepted(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = ConfigState{Digest: digest, LoadedAt: c.now()}
}

// Refused says why a newer configuration is not in force.
func (c *Config) Refused(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Error = short(reason, 1024)
}

// State is a copy.
func (c *Config) State() ConfigState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}
