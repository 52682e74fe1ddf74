//go:build bench

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

const (
	batches   = 100
	batchSize = 256
)

// What a span costs a relay that verifies, stamps, counts and stores it, and exports to nobody: a process of its own, its time
// over the spans that it took. `make bench BENCH=scaling` reads the line that is printed.
func TestWhatASpanCostsTheRelay(t *testing.T) {
	r := newRig(t)
	r.write("etc/agents.json", `{"version":1,"digest":"sha256:a","agents":{"shop/billing":{"team":"payments","useCase":"invoices","backends":[],"samplePercent":100}}}`)
	relay := r.relay()
	token, err := os.ReadFile(filepath.Join(r.dir, "pod", "token"))
	must(t, err)
	r.feed(t, string(token), 0)
	r.eventually("spans are stored", func() bool { return strings.Contains(r.stored(), "chat") })
	before := cpuTicks(t, relay)
	for i := range batches {
		r.feed(t, string(token), (i+1)*batchSize)
	}
	// What is behind the receiver works on for a moment.
	last := cpuTicks(t, relay)
	r.eventually("the relay rests", func() bool {
		time.Sleep(300 * time.Millisecond)
		now := cpuTicks(t, relay)
		defer func() { last = now }()
		return now-last <= 1
	})
	fmt.Printf("relay %.2f cpu-µs/span\n", float64(last-before)*10_000/(batches*batchSize))
}

func (r *rig) feed(t *testing.T, token string, first int) {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(batch(batchSize, first)).MarshalProto()
	must(t, err)
	req, err := http.NewRequest(http.MethodPost, "http://"+r.env["RELAY_OTLP"]+"/v1/traces", bytes.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.StatusCode, string(text))
	}
}

// cpuTicks are hundredths of a second that the process worked.
func cpuTicks(t *testing.T, p *process) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return user + system
}
