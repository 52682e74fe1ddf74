package main

import (
	"encoding/json"
	"fmt"
	"io"

	"agentops.dev/dataplane/mask"
)

// answer is one masked text with the reasons; it holds no value that was masked.
type answer struct {
	ID      json.RawMessage `json:"id,omitempty"`
	Text    string          `json:"text"`
	Drop    bool            `json:"drop,omitempty"`
	Hits    []mask.Count    `json:"hits"`
	Matches []mask.Match    `json:"matches"`
	Error   string          `json:"error,omitempty"`
}

func explain(e *mask.Engine, key, text string) answer {
	masked, hits, matches := e.Explain(key, text)
	counts := hits.Counts
	if counts == nil {
		counts = []mask.Count{}
	}
	return answer{Text: masked, Drop: hits.Drop, Hits: counts, Matches: matches}
}

func maskText(o options, in io.Reader, out io.Writer) error {
	e, err := o.engine()
	if err != nil {
		return err
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if o.format == "json" {
		return writeJSON(out, explain(e, o.key, string(data)))
	}
	masked, _ := e.Field(o.key, string(data))
	_, err = io.WriteString(out, masked)
	return err
}

func writeJSON(out io.Writer, value any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}
