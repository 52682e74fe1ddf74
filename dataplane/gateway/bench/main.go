// Command bench puts load on a gateway that runs as a process of its own, with identity, limits on a real Redis, guardrails and
// spans switched on, and prints one JSON line a figure. Load, providers and the receiver of spans live in this process; what is
// added is the difference to the same calls without the gateway.
//
//	go run ./gateway/bench <agentops-gateway> [<litellm>]
//	go run ./gateway/bench scaling <agentops-gateway> <agentops-collector>
//
// The second one is the simulation of docs/scaling.md: three gateways, a Redis cluster of three nodes, and agents spread over it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "scaling":
		err = scaling(os.Args[2], os.Args[3])
	case len(os.Args) == 2, len(os.Args) == 3:
		err = run(os.Args[1], os.Args[2:])
	default:
		fmt.Fprintln(os.Stderr, "usage: bench <agentops-gateway> [<litellm>] | bench scaling <agentops-gateway> <agentops-collector>")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func tell(name string, value float64, unit string) {
	line, _ := json.Marshal(map[string]any{"name": name, "value": value, "unit": unit})
	fmt.Println(string(line))
}

// phase is long enough for a thousand calls at the steady rate, and short enough that what else the machine does hits both.
const (
	phase  = 3 * time.Second
	rounds = 4
	rate   = 500
	many   = 16
)

func run(program string, others []string) error {
	b, err := newBed(program)
	if err != nil {
		return err
	}
	defer b.close()
	tell("ready", b.ready.Seconds(), "s")
	tell("RSS after start", rss(b.process, "VmRSS"), "MiB")
	warm := b.saturate(b.call(true, false), time.Second)
	if warm.failed > 0 {
		return fmt.Errorf("%d of %d calls failed: %s", warm.failed, warm.done, warm.why)
	}
	if err := b.steadily(); err != nil {
		return err
	}
	b.flatOut()
	b.streams()
	tell("RSS under load", rss(b.process, "VmHWM"), "MiB")
	if err := b.throughTenant(program); err != nil {
		return err
	}
	if err := b.failover(); err != nil {
		return err
	}
	for _, other := range others {
		if err := b.compare(other); err != nil {
			return err
		}
	}
	if err := b.reloads(); err != nil {
		return err
	}
	if err := b.probes(); err != nil {
		return err
	}
	guardrails()
	disk()
	return nil
}

// steadily sends calls at a fixed rate, directly and through the gateway in turns.
func (b *bed) steadily() error {
	var direct, through sample
	for range rounds {
		direct.add(b.steady(b.call(false, false)))
		through.add(b.steady(b.call(true, false)))
	}
	if direct.failed > 0 {
		return fmt.Errorf("%d calls without a gateway failed: %s", direct.failed, direct.why)
	}
	tell("failed calls at a steady rate", float64(through.failed), "")
	if through.why != "" {
		fmt.Fprintln(os.Stderr, through.why)
	}
	tell("direct p50", direct.percentile(50), "ms")
	tell("direct p99", direct.percentile(99), "ms")
	tell("added p50", through.percentile(50)-direct.percentile(50), "ms")
	tell("added p99", through.percentile(99)-direct.percentile(99), "ms")
	return nil
}

// flatOut sends as many calls as come back.
func (b *bed) flatOut() {
	before := cpuOf(b.process)
	s := b.saturate(b.call(true, false), 2*phase)
	tell("calls a second", s.rate(), "1/s")
	tell("CPU per call", float64((cpuOf(b.process)-before).Microseconds())/1000/float64(s.done), "ms")
	tell("failed calls", float64(s.failed), "")
}

func (b *bed) streams() {
	before := cpuOf(b.process)
	s := b.saturate(b.call(true, true), 2*phase)
	tell("streams a second", s.rate(), "1/s")
	tell("CPU per stream", float64((cpuOf(b.process)-before).Microseconds())/1000/float64(s.done), "ms")
	tell("failed streams", float64(s.failed), "")
	d := b.saturate(b.call(false, true), phase)
	tell("direct streams a second", d.rate(), "1/s")
}
