package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"agentops.dev/dataplane/gateway/telemetry"
)

// receiver counts the requests that it takes.
func receiver(t *testing.T) (url string, taken func() int) {
	t.Helper()
	got := make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- struct{}{}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int { return len(got) }
}

// A text that is no UTF-8, as a client or a provider may send one, must not cost the spans of others: OTLP knows no such text, and
// a batch that cannot be written is lost, or of the history tried again for ever.
func TestTextThatIsNoUTF8LosesNoSpans(t *testing.T) {
	url, taken := receiver(t)
	spans, err := telemetry.NewSpans(context.Background(), url, "", "g", "0")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	spans.Call(&telemetry.Report{Began: now, Ended: now, Namespace: "shop", Agent: "billing", Operation: "chat", Alias: "\xff", ResponseModel: "\xff", ResponseID: "\xff", Finish: "\xff", ErrorCode: "\xff"})
	spans.Run(telemetry.RunEvent{Kind: telemetry.StepRetried, At: now, Namespace: "shop", Agent: "billing", Run: "r", Reason: "\xff", By: "\xff"})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := spans.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if taken() != 2 || spans.Waiting() != 0 {
		t.Fatalf("%d batches were taken, %d events wait", taken(), spans.Waiting())
	}
}
