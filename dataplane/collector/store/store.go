// Package store keeps traces and logs as OTLP-JSON lines in rotated files, a directory for each namespace. What it holds
// is bounded in bytes and in time: a volume that is full would stop everything else on it.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"agentops.dev/dataplane/collector/volume"
)

// Limits bound the store.
type Limits struct {
	// MaxBytes of all files; the oldest go first.
	MaxBytes int64
	// MaxFileBytes after which a new file is begun.
	MaxFileBytes int64
	// MaxFileAge after which a new file is begun; without it a quiet namespace's data would outlive its retention.
	MaxFileAge time.Duration
	// Retention after which files are removed.
	Retention time.Duration
}

// Store writes below one directory.
type Store struct {
	dir    string
	limits Limits
	now    func() time.Time

	mu    sync.Mutex
	open  map[string]*file
	files []closed // oldest first
	bytes int64
	seq   int
}

type file struct {
	*os.File
	path  string
	begun time.Time
	size  int64
}

type closed struct {
	path string
	at   time.Time
	size int64
}

// Open takes over what an earlier process left.
func Open(dir string, limits Limits, now func() time.Time) (*Store, error) {
	// A full volume ends no relay: it has things to hand out, and takes new ones when there is room.
	if err := os.MkdirAll(dir, 0o750); err != nil && !volume.NoRoom(err) {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{dir: dir, limits: limits, now: now, open: map[string]*file{}}
	return s, s.scan()
}

// Signal is the first word of a file's name.
type Signal string

// The signals that are stored.
const (
	Traces Signal = "traces"
	Logs   Signal = "logs"
)

// ErrNamespace refuses a name that could leave the directory.
var ErrNamespace = errors.New("store: not a namespace")

// Append writes one line.
func (s *Store) Append(signal Signal, namespace string, line []byte) error {
	if !isNamespace(namespace) {
		return ErrNamespace
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.current(signal, namespace)
	if err != nil {
		return err
	}
	// One write for line and end: after a crash at most the last line is cut, and readers skip it.
	n, err := f.Write(append(line, '\n'))
	f.size += int64(n)
	s.bytes += int64(n)
	switch {
	case err != nil && f.size == 0:
		s.discard(string(signal) + "/" + namespace)
	case err != nil || f.size >= s.limits.MaxFileBytes:
		s.close(string(signal) + "/" + namespace)
	}
	if s.bytes > s.limits.MaxBytes {
		s.shrink()
	}
	return err
}

func (s *Store) current(signal Signal, namespace string) (*file, error) {
	key := string(signal) + "/" + namespace
	if f := s.open[key]; f != nil {
		return f, nil
	}
	dir := filepath.Join(s.dir, namespace)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	s.seq++
	path := filepath.Join(dir, fmt.Sprintf("%s-%020d-%06d.jsonl", signal, s.now().UnixNano(), s.seq%1_000_000))
	// Never append to a file of an earlier process: its last line may be cut.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	s.open[key] = &file{File: f, path: path, begun: s.now()}
	s.boundOpen(key)
	return s.open[key], nil
}

// maxOpen files: with thousands of namespaces the process would run out of descriptors.
const maxOpen = 256

func (s *Store) boundOpen(keep string) {
	for len(s.open) > maxOpen {
		oldest := ""
		for key, f := range s.open {
			if key != keep && (oldest == "" || f.begun.Before(s.open[oldest].begun)) {
				oldest = key
			}
		}
		s.close(oldest)
	}
}

func (s *Store) close(key string) {
	f := s.open[key]
	delete(s.open, key)
	_ = f.Close()
	s.files = append(s.files, closed{path: f.path, at: s.now(), size: f.size})
}

// discard removes a file that nothing could be written to: on a full volume each line would leave one.
func (s *Store) discard(key string) {
	f := s.open[key]
	delete(s.open, key)
	_ = f.Close()
	_ = os.Remove(f.path)
}

// Close ends all files. Appending again begins new ones.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.open {
		s.close(key)
	}
}

// Bytes is what all files hold.
func (s *Store) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func isNamespace(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
