package main

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAPortInUseEndsNothing(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.env["AGENTOPS_LISTEN_GRPC"] = strings.TrimPrefix(r.issuer.URL, "http://") // somebody listens there
	r.sidecar()
	r.send(batch(1, 0))
	r.eventually("the problem is reported", func() bool {
		o := r.observe()
		return len(o.Agents) == 1 && len(o.Agents[0].Pods) == 1 && len(o.Agents[0].Pods[0].Problems) == 1
	})
}

func TestForeignTokensAreRefused(t *testing.T) {
	r := newRig(t)
	r.relay()
	r.write("pod/token", r.issuer.token(t, "agentops/victim/billing", "shop", "billing"))
	r.sidecar()
	r.send(batch(1, 0))
	r.eventually("the refusal is counted", func() bool {
		return strings.Contains(get("http://"+r.metrics+"/metrics", ""), `agentops_relay_refused_total{reason="NamespaceMismatch"}`)
	})
	if n := len(r.observe().Agents); n != 0 {
		t.Errorf("%d agents are known", n)
	}
}

func TestLargeAndBrokenSpansArrive(t *testing.T) {
	r := newRig(t)
	r.relay()
	sidecar := r.sidecar()
	for i := range 4 {
		td := batch(1, i)
		a := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
		a.PutStr("large", strings.Repeat("lorem ipsum dolor ", 5<<20/18)+secret)
		a.PutStr("broken", "\xff\xfe "+secret)
		r.send(td)
	}
	r.eventually("all spans are stored", func() bool { return r.storedSpans() == 4 })
	if text := r.stored(); strings.Contains(text, secret) || !utf8.ValidString(text) {
		t.Error("a secret or broken text is stored")
	}
	t.Logf("sidecar after 4 spans of 5 MB: %s", sidecar.rss(t))
}

func TestASignalWhileItStartsEndsTheRelay(t *testing.T) {
	newRig(t).startingRelay().stop(t)
}

func TestNestingAloneDoesNotEndTheRelay(t *testing.T) {
	r := newRig(t)
	relay := r.relay()
	bomb := bytes.Repeat([]byte{0x0a, 0x80, 0x80, 0x80, 0x08}, 3_000_000) // lengths that are too long end the look
	deep := []byte{}
	for range 3000 {
		deep = append(append([]byte{0x0a}, binary.AppendUvarint(nil, uint64(len(deep)))...), deep...)
	}
	token, err := os.ReadFile(filepath.Join(r.dir, "pod/token"))
	must(t, err)
	for name, body := range map[string][]byte{"bomb": bomb, "deep": deep} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.env["AGENTOPS_RELAY"]+"/v1/traces", bytes.NewReader(body))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+string(token))
		req.Header.Set("Content-Type", "application/x-protobuf")
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d, want 400", name, resp.StatusCode)
		}
	}
	relay.stop(t)
}
