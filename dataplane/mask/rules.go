package mask

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"agentops.dev/dataplane/canonical"
)

// Capture says what becomes of content: prompts, completions, tool arguments and results.
type Capture string

const (
	// CaptureNone removes content.
	CaptureNone Capture = "None"
	// CaptureMasked keeps content after all rules and packs have masked it.
	CaptureMasked Capture = "Masked"
	// CaptureFull keeps content; only the Credentials pack masks it.
	CaptureFull Capture = "Full"
)

// Action says what replaces a match.
type Action string

const (
	// Redact leaves the detector's label: [EMAIL].
	Redact Action = "Redact"
	// Hash leaves the label and a keyed digest, so that equal values stay comparable: [EMAIL:0123456789ab].
	Hash Action = "Hash"
	// Partial leaves the label and the last characters: [CARD:…1111].
	Partial Action = "Partial"
	// Drop removes the whole attribute; a text that cannot be removed becomes [DROPPED].
	Drop Action = "Drop"
)

// Rules is one accepted rules file.
type Rules struct {
	Version   int      `json:"version"`
	SHA       string   `json:"digest,omitempty"`
	Capture   Capture  `json:"capture"`
	Packs     []Pack   `json:"packs"`
	Own       []Rule   `json:"rules"`
	BlockKeys []string `json:"blockKeys"`
	HashKey   string   `json:"hashKey,omitempty"`
}

// Pack switches one built-in pack on.
type Pack struct {
	Name   string `json:"name"`
	Action Action `json:"action"`
}

// Rule is a detector written by the user.
type Rule struct {
	Name     string   `json:"name"`
	Regex    string   `json:"regex"`
	Literals []string `json:"literals,omitempty"`
	Check    string   `json:"check,omitempty"`
	Action   Action   `json:"action"`
	Canary   string   `json:"canary,omitempty"`
}

// Version is the version of the rules file this engine reads.
const Version = 1

// Default is what masks when there is no rules file: no content, and no credential in what is left.
func Default() *Rules {
	r := &Rules{Version: Version, Capture: CaptureNone, Packs: []Pack{{Name: "Credentials", Action: Redact}}, HashKey: "current"}
	r.SHA = r.computeDigest()
	return r
}

// hashes says whether a placeholder needs the key that the rules name.
func (r *Rules) hashes() bool {
	return r.HashKey != "" && (slices.ContainsFunc(r.Packs, func(p Pack) bool { return p.Action == Hash }) ||
		slices.ContainsFunc(r.Own, func(o Rule) bool { return o.Action == Hash }))
}

// Digest names the rules by their content: "sha256:<hex>".
func (r *Rules) Digest() string {
	if r.SHA != "" {
		return r.SHA
	}
	return r.computeDigest()
}

func (r *Rules) computeDigest() string {
	data, err := json.Marshal(r)
	if err != nil {
		return ""
	}
	digest, err := canonical.Digest(data)
	if err != nil {
		return ""
	}
	return digest
}

// Parse reads a rules file and refuses what the engine could not enforce. The error holds every problem, one per line.
func Parse(data []byte) (*Rules, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	// A field this engine does not know could be the one that masks: refusing it keeps the last good rules.
	dec.DisallowUnknownFields()
	r := &Rules{}
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("rules file: %w; write the JSON of version %d", err, Version)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("rules file: text follows the JSON object; write one object only")
	}
	if problems := r.problems(data); len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return r, nil
}
