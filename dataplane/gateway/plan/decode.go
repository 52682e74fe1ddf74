package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"agentops.dev/dataplane/canonical"
)

// Parse reads a plan, plain or compressed by gzip, and refuses what a gateway could not enforce. The error holds every problem, one per line.
func Parse(data []byte) (*Plan, error) {
	data, err := unpack(data)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	// A field this engine does not know could be the limit that somebody relies on: refusing it keeps the last good plan.
	dec.DisallowUnknownFields()
	p := &Plan{}
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("plan: %w; write the JSON of version %d", err, Version)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("plan: text follows the JSON object; write one object only")
	}
	found := &problems{}
	found.plan(p)
	digest, err := canonical.Digest(data)
	if err == nil && p.SHA == "" {
		p.SHA = digest
	}
	if digest != p.SHA {
		found.add("digest", p.SHA, "the content has digest "+digest+"; write that one or leave it out")
	}
	if len(found.list) > 0 {
		return nil, errors.Join(found.list...)
	}
	return p, nil
}

// Digest names the plan by its content: "sha256:<hex>".
func (p *Plan) Digest() string { return p.SHA }
