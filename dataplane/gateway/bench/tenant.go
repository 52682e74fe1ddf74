package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

const lent = `{"version":1,"targets":{"own":{"provider":"openai-compatible","endpoint":"URL","model":"m","credential":{"secret":"agentops-a","keys":{"apiKey":"key"}},"timeoutMilliseconds":20000,"streamIdleMilliseconds":20000}},
"routes":{},"guardrails":{},"budgets":{},"agents":{}}`

// throughTenant measures what a target costs whose credential is in the agent's namespace: the same calls, with and without
// the gateway there, in turns.
func (b *bed) throughTenant(program string) error {
	own, admin, err := b.startTenant(program)
	defer end(own)
	if err != nil {
		return err
	}
	tell("RSS of a tenant's gateway at rest", rss(own, "VmRSS"), "MiB")
	rest := cpuOf(own)
	var shared, lent sample
	for range rounds {
		shared.add(b.steady(b.ask(b.gateway, "chat", false)))
		lent.add(b.steady(b.ask(b.gateway, "own", false)))
	}
	if lent.failed > 0 {
		return fmt.Errorf("%d calls through the tenant's gateway %s failed: %s", lent.failed, admin, lent.why)
	}
	tell("added by a tenant's gateway, p50", lent.percentile(50)-shared.percentile(50), "ms")
	tell("added by a tenant's gateway, p99", lent.percentile(99)-shared.percentile(99), "ms")
	tell("CPU per call of a tenant's gateway", float64((cpuOf(own)-rest).Microseconds())/1000/float64(lent.done), "ms")
	tell("RSS of a tenant's gateway under load", rss(own, "VmHWM"), "MiB")
	return nil
}

func (b *bed) startTenant(program string) (*exec.Cmd, string, error) {
	admin, err := free()
	if err != nil {
		return nil, "", err
	}
	metrics, err := free()
	if err != nil {
		return nil, "", err
	}
	file := func(name string) string { return filepath.Join(b.dir, name) }
	own := exec.Command(program, "tenant")
	own.Env = append(os.Environ(), "AGENTOPS_PLAN="+file("tenant-plan"), "AGENTOPS_SECRETS="+b.dir, "AGENTOPS_LISTEN="+b.tenant, "AGENTOPS_ADMIN_LISTEN="+admin,
		"AGENTOPS_METRICS_LISTEN="+metrics, "AGENTOPS_ISSUER_JWKS="+file("jwks"), "AGENTOPS_ISSUER_NAME=bench", "AGENTOPS_TENANT_NAMESPACE=shop",
		"AGENTOPS_GATEWAY_SUBJECT=system:serviceaccount:agentops-system:agentops-gateway")
	if err := own.Start(); err != nil {
		return nil, "", err
	}
	return own, admin, patiently(func() bool {
		resp, err := b.client.Get("http://" + admin + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
