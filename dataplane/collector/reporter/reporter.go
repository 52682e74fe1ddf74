// Package reporter tells the relay how this sidecar does: every few seconds, and at once when its rules change.
package reporter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"agentops.dev/dataplane/collector/report"
)

// Type is the component's name in a configuration.
var Type = component.MustNewType("agentops_reporter")

// Source is what the reporter tells about.
type Source interface {
	Report() report.Report
	Swapped() <-chan struct{}
}

// Config says where to report.
type Config struct {
	// Endpoint is the relay's API, for example http://agentops-relay.agentops-system.svc:4320. Empty: no reports.
	Endpoint string `mapstructure:"endpoint"`
	// TokenFile holds the service-account token. It is read for every report, since the kubelet rotates it.
	TokenFile string `mapstructure:"token_file"`
	// Interval between reports. The relay forgets a pod after 60 seconds. Default: 10s.
	Interval time.Duration `mapstructure:"interval"`
}

// NewFactory makes the extension.
func NewFactory(source Source) extension.Factory {
	return extension.NewFactory(Type, func() component.Config { return &Config{Interval: 10 * time.Second} },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return &reporter{config: cfg.(*Config), source: source, log: set.Logger, client: newClient()}, nil
		}, component.StabilityLevelBeta)
}

// newClient never uses a proxy: the relay is inside the cluster, and the body carries the pod's token.
func newClient() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConns: 1, IdleConnTimeout: time.Minute}}
}

type reporter struct {
	config *Config
	source Source
	log    *zap.Logger
	client *http.Client
	cancel context.CancelFunc
	done   sync.WaitGroup
	failed bool
	look   look
}

func (r *reporter) Start(context.Context, component.Host) error {
	if r.config.Endpoint == "" {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.done.Go(func() { r.run(ctx) })
	return nil
}

func (r *reporter) Shutdown(context.Context) error {
	if r.cancel != nil {
		r.cancel()
	}
	r.done.Wait()
	r.client.CloseIdleConnections()
	return nil
}

func (r *reporter) run(ctx context.Context) {
	tick := time.NewTicker(r.config.Interval)
	defer tick.Stop()
	for {
		answer, err := r.post(ctx)
		// Only after the relay took a report: then it can be reached, and a refusal is one of this port.
		if err == nil && r.look.taken(ctx, answer.Egress, r.config.Endpoint) {
			_, err = r.post(ctx) // what changed is told at once
		}
		r.note(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.source.Swapped():
		}
	}
}

// note logs the change between working and failing, not every failure: a relay may be away for hours.
func (r *reporter) note(err error) {
	switch {
	case err != nil && !r.failed:
		r.log.Warn("the relay does not take reports", zap.Error(err))
	case err == nil && r.failed:
		r.log.Info("the relay takes reports again")
	}
	r.failed = err != nil
}

func (r *reporter) post(ctx context.Context) (answer report.Answer, err error) {
	token, err := os.ReadFile(r.config.TokenFile)
	if err != nil {
		return answer, fmt.Errorf("service-account token: %w", err)
	}
	said := r.source.Report()
	said.Egress = r.look.result
	body, err := json.Marshal(said)
	if err != nil {
		return answer, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.config.Endpoint+"/v1/report", bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode >= 300 {
		return answer, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	_ = json.Unmarshal(text, &answer) // mostly there is none; one that cannot be read asks for nothing
	return answer, nil
}
