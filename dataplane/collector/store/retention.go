package store

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"agentops.dev/dataplane/ticking"
)

// scan finds the files of earlier processes.
func (s *Store) scan() error {
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the volume is full, and the directory could not be made
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".jsonl") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s.files = append(s.files, closed{path: path, at: info.ModTime(), size: info.Size()})
		s.bytes += info.Size()
		return nil
	})
	slices.SortFunc(s.files, func(a, b closed) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return err
}

// shrink removes the oldest files until the store is within its bounds. When all is in open files, it ends them.
func (s *Store) shrink() {
	for s.bytes > s.limits.MaxBytes && (len(s.files) > 0 || len(s.open) > 0) {
		if len(s.files) == 0 {
			for key := range s.open {
				s.close(key)
			}
		}
		s.removeOldest()
	}
}

func (s *Store) removeOldest() {
	f := s.files[0]
	s.files = s.files[1:]
	_ = os.Remove(f.path)
	s.bytes -= f.size
}

// Expire ends files that are old enough and removes those past their retention.
func (s *Store) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, f := range s.open {
		if s.now().Sub(f.begun) > s.limits.MaxFileAge {
			s.close(key)
		}
	}
	for len(s.files) > 0 && s.now().Sub(s.files[0].at) > s.limits.Retention {
		s.removeOldest()
	}
}

// Watch expires until the context ends.
func (s *Store) Watch(ctx context.Context, every time.Duration) {
	ticking.Every(ctx, every, s.Expire)
}
