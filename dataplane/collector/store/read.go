package store

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"agentops.dev/dataplane/collector/conventions"
)

// Query says what to read.
type Query struct {
	Signal    Signal
	Namespace string
	// Agent limits to one agent; empty: all of the namespace.
	Agent string
	// Run limits to lines that tell of this run; empty: all.
	Run string
	// Since leaves out lines in which everything ended before.
	Since time.Time
	// Limit is the most lines.
	Limit int
}

// Read hands out lines, newest first, until the limit is reached or visit returns an error.
func (s *Store) Read(q Query, visit func(line []byte) error) error {
	if !isNamespace(q.Namespace) {
		return ErrNamespace
	}
	paths, err := filepath.Glob(filepath.Join(s.dir, q.Namespace, string(q.Signal)+"-*.jsonl"))
	if err != nil {
		return err
	}
	// The name holds the time at which the file was begun, with leading zeros: the order of names is that of time.
	slices.Sort(paths)
	slices.Reverse(paths)
	left := q.Limit
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || info.ModTime().Before(q.Since) {
			continue // removed meanwhile, or too old as a whole
		}
		if err := q.file(path, &left, visit); err != nil || left == 0 {
			return err
		}
	}
	return nil
}

func (q Query) file(path string, left *int, visit func([]byte) error) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil // removed meanwhile
	}
	// What follows the last line end is being written, or was cut by a crash.
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	for len(data) > 0 && *left > 0 {
		start := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
		line := data[start : len(data)-1]
		data = data[:start]
		if !q.matches(line) {
			continue
		}
		*left--
		if err := visit(line); err != nil {
			return err
		}
	}
	return nil
}

// matches looks at the bytes: decoding every line of a namespace to find one agent's would cost a hundred times more.
func (q Query) matches(line []byte) bool {
	return q.ofAgent(line) && q.ofRun(line) && (q.Since.IsZero() || endsAfter(line, q.Since))
}

// ofAgent looks at the resource only, which comes first. A quote inside a value is escaped, so nobody can write this
// sequence into a text.
func (q Query) ofAgent(line []byte) bool {
	if q.Agent == "" {
		return true
	}
	for _, end := range []string{`"scopeSpans":`, `"scopeLogs":`} {
		if i := bytes.Index(line, []byte(end)); i >= 0 {
			line = line[:i]
		}
	}
	return says(line, conventions.Agent, q.Agent)
}

// ofRun looks for the run's id anywhere in the line.
func (q Query) ofRun(line []byte) bool {
	return q.Run == "" || says(line, conventions.RunID, q.Run)
}

func says(line []byte, key, value string) bool {
	text, err := json.Marshal(value)
	return err == nil && bytes.Contains(line, []byte(`{"key":"`+key+`","value":{"stringValue":`+string(text)+`}}`))
}

func endsAfter(line []byte, since time.Time) bool {
	for _, key := range []string{`"endTimeUnixNano":"`, `"timeUnixNano":"`, `"observedTimeUnixNano":"`} {
		for rest := line; ; {
			i := bytes.Index(rest, []byte(key))
			if i < 0 {
				break
			}
			rest = rest[i+len(key):]
			digits, _, _ := strings.Cut(string(rest[:min(len(rest), 20)]), `"`)
			if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n >= since.UnixNano() {
				return true
			}
		}
	}
	return false
}
