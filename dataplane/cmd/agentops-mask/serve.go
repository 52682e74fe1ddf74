package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"agentops.dev/dataplane/mask"
)

// request is one line of input. The id comes back with the answer.
type request struct {
	ID   json.RawMessage `json:"id"`
	Key  string          `json:"key"`
	Text string          `json:"text"`
}

// serve answers each line before it reads the next: the caller may wait for one answer at a time.
func serve(o options, in io.Reader, out io.Writer) error {
	e, err := o.engine()
	if err != nil {
		return err
	}
	lines, answers := bufio.NewReaderSize(in, 1<<16), bufio.NewWriter(out)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if err := writeJSON(answers, reply(e, line)); err != nil {
				return err
			}
			if err := answers.Flush(); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
}

// reply never passes text on that it could not read: a line that is not a request gets an error and no text.
func reply(e *mask.Engine, line []byte) answer {
	var r request
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return answer{Hits: []mask.Count{}, Matches: []mask.Match{}, Error: "request: " + err.Error()}
	}
	a := explain(e, r.Key, r.Text)
	a.ID = r.ID
	return a
}
