// Package headers is a client authenticator whose header values stand in files that are read for every request, so a
// rotated token or Secret needs no restart. It also sees how each request ended, and so knows the state of its backend.
package headers

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_headers")

// Config lists the headers of one backend.
type Config struct {
	// Backend is the name under which outcomes are reported. Default: the component's own name.
	Backend string `mapstructure:"backend"`
	// Headers may be empty: the backend's state is watched all the same.
	Headers []Header `mapstructure:"headers"`
}

// Header is one header of a request.
type Header struct {
	// Name of the header.
	Name string `mapstructure:"name"`
	// Value is a fixed value, for what is no secret.
	Value string `mapstructure:"value"`
	// Files hold the secret; several are joined by ":".
	Files []string `mapstructure:"files"`
	// Base64 encodes the joined files, as HTTP basic authentication wants it.
	Base64 bool `mapstructure:"base64"`
	// Format is the value around the secret, for example "Bearer %s". Default: "%s".
	Format string `mapstructure:"format"`
}

// Validate is called before a configuration is accepted.
func (c *Config) Validate() error {
	var problems []error
	for _, h := range c.Headers {
		problems = append(problems, h.validate())
	}
	return errors.Join(problems...)
}

func (h Header) validate() error {
	switch {
	case h.Name == "":
		return errors.New("a header has no name")
	case (h.Value == "") == (len(h.Files) == 0):
		return fmt.Errorf("header %s: write either a value or files", h.Name)
	case h.Value != "" && (h.Format != "" || h.Base64):
		return fmt.Errorf("header %s: format and base64 are for files; write the whole value", h.Name)
	case h.Format != "" && (strings.Count(h.Format, "%") != 1 || !strings.Contains(h.Format, "%s")):
		return fmt.Errorf("header %s: format %q must hold one %%s and no other %%", h.Name, h.Format)
	}
	return nil
}
