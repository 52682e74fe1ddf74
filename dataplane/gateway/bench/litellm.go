package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	base, p, ended, err := b.startLite(program)
	if err != nil {
		return err
	}
	defer func() {
		_ = p.Process.Signal(syscall.SIGTERM)
		<-ended
	}()
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

// startLite starts the proxy and waits until it serves; the channel tells its end.
func (b *bed) startLite(program string) (string, *exec.Cmd, chan error, error) {
	if err := b.write("litellm.yaml", []byte(strings.Replace(liteConfig, "URL", b.provider, 1))); err != nil {
		return "", nil, nil, err
	}
	address, err := free()
	if err != nil {
		return "", nil, nil, err
	}
	host, port, _ := strings.Cut(address, ":")
	p := exec.Command(program, "--config", filepath.Join(b.dir, "litellm.yaml"), "--host", host, "--port", port, "--num_workers", "1")
	// Without the first it fetches a list of prices from the internet when it starts, without the second it wants a key: both
	// would make it slower.
	p.Env = append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY=true", "LITELLM_LOG=ERROR")
	log, err := os.Create(filepath.Join(b.dir, "litellm.log"))
	if err != nil {
		return "", nil, nil, err
	}
	defer log.Close()
	p.Stdout, p.Stderr = log, log
	began := time.Now()
	if err := p.Start(); err != nil {
		return "", nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	for len(ended) == 0 {
		if resp, err := b.client.Get("http://" + address + "/health/liveliness"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				tell("LiteLLM ready", time.Since(began).Seconds(), "s")
				return "http://" + address, p, ended, nil
			}
		}
		if time.Since(began) > 3*time.Minute {
			_ = p.Process.Kill()
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	return "", nil, nil, fmt.Errorf("LiteLLM does not start: %s", text[max(0, len(text)-2000):])
}
