package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const liteConfig = `model_list:
- model_name: chat
  litellm_params: {model: openai/m, api_base: URL/v1, api_key: k}
litellm_settings: {telemetry: false}
`

// compare puts the same load on LiteLLM's proxy with one worker, no callbacks and no limits, in turns with the gateway, which
// has all of its own switched on.
func (b *bed) compare(program string) error {
	p, base, ready, err := b.startLite(program)
	defer end(p)
	if err != nil {
		return err
	}
	tell("LiteLLM ready", ready.Seconds(), "s")
	lite := b.ask(base, "chat", false)
	if warm := b.saturate(lite, 2*time.Second); warm.failed > 0 {
		return fmt.Errorf("LiteLLM: %d of %d calls failed: %s", warm.failed, warm.done, warm.why)
	}
	var theirs, ours, direct sample
	before := cpuOf(p)
	for range 2 {
		theirs.add(b.saturate(lite, phase))
		ours.add(b.saturate(b.call(true, false), phase))
		direct.add(b.saturate(b.call(false, false), phase))
	}
	if theirs.failed > 0 {
		return fmt.Errorf("LiteLLM: %d of %d calls failed: %s", theirs.failed, theirs.done, theirs.why)
	}
	tell("direct calls a second", direct.rate(), "1/s")
	tell("LiteLLM calls a second", theirs.rate(), "1/s")
	tell("LiteLLM CPU per call", float64((cpuOf(p)-before).Microseconds())/1000/float64(theirs.done), "ms")
	tell("LiteLLM RSS under load", rss(p, "VmHWM"), "MiB")
	tell("calls a second, times LiteLLM's", ours.rate()/theirs.rate(), "")
	tell("calls a second, part of direct", ours.rate()/direct.rate(), "")
	return nil
}

func (s *sample) rate() float64 { return float64(s.done) / s.took.Seconds() }

func (b *bed) startLite(program string) (*exec.Cmd, string, time.Duration, error) {
	if err := b.write("litellm.yaml", []byte(strings.Replace(liteConfig, "URL", b.provider, 1))); err != nil {
		return nil, "", 0, err
	}
	address, err := free()
	if err != nil {
		return nil, "", 0, err
	}
	host, port, _ := strings.Cut(address, ":")
	p := exec.Command(program, "--config", filepath.Join(b.dir, "litellm.yaml"), "--host", host, "--port", port, "--num_workers", "1")
	// Without it the proxy fetches a list of prices from the internet when it starts.
	p.Env = append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_LOG=ERROR")
	log, err := os.Create(filepath.Join(b.dir, "litellm.log"))
	if err != nil {
		return nil, "", 0, err
	}
	defer log.Close()
	p.Stdout, p.Stderr = log, log
	began := time.Now()
	if err := p.Start(); err != nil {
		return nil, "", 0, err
	}
	for range 20 { // ten seconds each
		err = patiently(func() bool {
			resp, err := b.client.Get("http://" + address + "/health/liveliness")
			if err != nil {
				return false
			}
			resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
		if err == nil {
			return p, "http://" + address, time.Since(began), nil
		}
	}
	text, _ := os.ReadFile(log.Name())
	return p, "", 0, fmt.Errorf("LiteLLM does not start: %.2000s", text)
}
