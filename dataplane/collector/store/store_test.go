package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"agentops.dev/dataplane/collector/conventions"
	"agentops.dev/dataplane/collector/relay"
	"agentops.dev/dataplane/collector/volume"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func open(t *testing.T, c *clock, l Limits) *Store {
	t.Helper()
	s, err := Open(t.TempDir(), l, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var wide = Limits{MaxBytes: 1 << 20, MaxFileBytes: 1 << 18, MaxFileAge: time.Minute, Retention: time.Hour}

func read(t *testing.T, s *Store, q Query) []string {
	t.Helper()
	var out []string
	if err := s.Read(q, func(line []byte) error { out = append(out, string(line)); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLinesAreReadNewestFirstUpToTheLimit(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	s := open(t, c, Limits{MaxBytes: 1 << 20, MaxFileBytes: 20, MaxFileAge: time.Minute, Retention: time.Hour})
	for i := range 10 {
		c.now = c.now.Add(time.Second)
		if err := s.Append(Traces, "shop", fmt.Appendf(nil, "line-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, s, Query{Signal: Traces, Namespace: "shop", Limit: 4})
	if want := "line-9 line-8 line-7 line-6"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got := read(t, s, Query{Signal: Traces, Namespace: "other", Limit: 4}); len(got) != 0 {
		t.Errorf("another namespace has %v", got)
	}
}

func TestTheStoreIsBoundedInBytes(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	s := open(t, c, Limits{MaxBytes: 1000, MaxFileBytes: 100, MaxFileAge: time.Minute, Retention: time.Hour})
	line := []byte(strings.Repeat("x", 49))
	for i := range 200 {
		if err := s.Append(Traces, fmt.Sprintf("ns-%d", i%5), line); err != nil {
			t.Fatal(err)
		}
	}
	var size int64
	_ = filepath.Walk(s.dir, func(_ string, info os.FileInfo, _ error) error {
		if !info.IsDir() {
			size += info.Size()
		}
		return nil
	})
	if size > 1000 || size != s.Bytes() {
		t.Errorf("%d bytes on disk, %d counted, limit 1000", size, s.Bytes())
	}
}

func TestOldFilesExpireAndARestartKnowsThem(t *testing.T) {
	c := &clock{time.Now()}
	s := open(t, c, wide)
	must(t, s.Append(Traces, "shop", []byte("old")))
	s.Close()
	again, err := Open(s.dir, wide, c.Now)
	must(t, err)
	defer again.Close()
	if again.Bytes() != 4 {
		t.Errorf("%d bytes are known, want 4", again.Bytes())
	}
	c.now = c.now.Add(2 * time.Hour)
	again.Expire()
	if got := read(t, again, Query{Signal: Traces, Namespace: "shop", Limit: 9}); len(got) != 0 || again.Bytes() != 0 {
		t.Errorf("left: %v, %d bytes", got, again.Bytes())
	}
}

func TestACutLineIsNotRead(t *testing.T) {
	c := &clock{time.Now()}
	s := open(t, c, wide)
	must(t, s.Append(Traces, "shop", []byte("whole")))
	for _, f := range s.open {
		_, _ = f.WriteString("cut in the midd")
	}
	if got := read(t, s, Query{Signal: Traces, Namespace: "shop", Limit: 9}); strings.Join(got, " ") != "whole" {
		t.Errorf("got %v", got)
	}
}

func TestNamesThatLeaveTheDirectoryAreRefused(t *testing.T) {
	s := open(t, &clock{time.Now()}, wide)
	for _, name := range []string{"", "..", "../x", "a/b", "A", "*"} {
		if s.Append(Traces, name, []byte("x")) == nil || s.Read(Query{Signal: Traces, Namespace: name, Limit: 1}, nil) == nil {
			t.Errorf("%q is taken for a namespace", name)
		}
	}
}

type counts struct{ stored, failed int }

func (c *counts) Stored(_ relay.Key, spans int) { c.stored += spans }

func (c *counts) StoredCalls(_ relay.Key, spans int) { c.stored += spans }
func (c *counts) StoreFailed(items int)              { c.failed += items }

func TestSpansAreFoundByAgentAndTime(t *testing.T) {
	c, n := &clock{time.Now()}, &counts{}
	s := open(t, c, wide)
	e, err := NewFactory(s, n).CreateTraces(context.Background(), exportertest.NewNopSettings(Type), &Config{})
	must(t, err)
	td := ptrace.NewTraces()
	for i, agent := range []string{"billing", "search"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr(conventions.Namespace, "shop")
		rs.Resource().Attributes().PutStr(conventions.Agent, agent)
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetName("of " + agent)
		// A text that looks like the other agent's resource must not make the line his.
		span.Attributes().PutStr("trick", `{"key":"dev.agentops.agent","value":{"stringValue":"search"}}`)
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Unix(int64(1000*(i+1)), 0)))
	}
	must(t, e.ConsumeTraces(context.Background(), td))
	q := Query{Signal: Traces, Namespace: "shop", Limit: 9}
	if got := read(t, s, q); len(got) != 2 || n.stored != 2 {
		t.Errorf("%d lines, %d counted", len(got), n.stored)
	}
	q.Agent = "search"
	if got := read(t, s, q); len(got) != 1 || !strings.Contains(got[0], "of search") {
		t.Errorf("got %v", got)
	}
	q.Agent, q.Since = "", time.Unix(1500, 0)
	if got := read(t, s, q); len(got) != 1 || !strings.Contains(got[0], "of search") {
		t.Errorf("since 1500: %v", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFullVolumeLeavesNoRubbishAndIsUsedAgain(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	s, err := Open(filepath.Join(dir, "store"), wide, time.Now)
	must(t, err)
	defer s.Close()
	line := []byte(strings.Repeat("x", 5000))
	for range 50 {
		if err := s.Append(Traces, "shop", line); !volume.NoRoom(err) {
			t.Fatalf("a full volume says %v", err)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "store", "shop", "*")); len(found) > 0 || s.Bytes() != 0 {
		t.Errorf("left: %v, %d bytes", found, s.Bytes())
	}
	must(t, os.Remove(filler))
	must(t, s.Append(Traces, "shop", line))
	if got := read(t, s, Query{Signal: Traces, Namespace: "shop", Limit: 9}); len(got) != 1 {
		t.Errorf("%d lines after there was room again", len(got))
	}
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}
