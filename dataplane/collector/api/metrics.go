package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"
	"go.uber.org/zap"
)

// metrics serves the relay's own metrics and those derived from telemetry as one page: one port to scrape.
func (a *api) metrics(w http.ResponseWriter, r *http.Request) {
	families, err := a.relay.Registry.Gather()
	if err != nil {
		a.log.Warn("some metrics cannot be read", zap.Error(err))
	}
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	w.Header().Set("Content-Type", string(format))
	encoder := expfmt.NewEncoder(w, format)
	for _, f := range families {
		if encoder.Encode(f) != nil {
			return
		}
	}
	a.upstream(r.Context(), w)
}

// upstream appends what the prometheus exporter holds. It is absent for a moment while a new configuration starts.
func (a *api) upstream(ctx context.Context, w io.Writer) {
	if a.config.Upstream == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.config.Upstream+"/metrics", nil)
	if err != nil {
		return
	}
	// The plain format has no end mark, so two pages make one.
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		_, _ = io.Copy(w, resp.Body)
	}
}
