package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"
)

// sizes of fleets of which the spread over nodes is told.
var sizes = []int{1000, 5000}

// tellSlots says how evenly agents lie on nodes: slots are dealt by a hash, and a few hundred agents a node are not many.
func (f *fleet) tellSlots() {
	for i, a := range f.agents {
		slots, err := f.shards[0].slots([]string{root(a.name)})
		if err == nil {
			f.agents[i].node = owner(slots[0], nodes)
		}
	}
	for _, size := range sizes {
		roots := names(size)
		for i := range roots {
			roots[i] = root(roots[i])
		}
		slots, err := f.shards[0].slots(roots)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		for _, on := range []int{3, 16, 32} {
			held := make([]int, on)
			for _, slot := range slots {
				held[owner(slot, on)]++
			}
			tell(fmt.Sprintf("fullest of %d nodes / mean, %d agents", on, size), float64(slices.Max(held)*on)/float64(size), "times")
		}
	}
}

func root(agent string) string { return "ao:{a:" + agent + "}" }

// measure puts load on all agents alike, and on one of them.
func (f *fleet) measure() error {
	everybody := func() (string, *agent) { return f.anyGateway(), f.agents[int(serial.Add(1))%crowd] }
	one := func() (string, *agent) { return f.anyGateway(), f.single }
	if _, _, err := f.phase(2*time.Second, allOpen, everybody); err != nil {
		return err
	}
	spread, used, err := f.phase(scalePhase, allOpen, everybody)
	if err != nil {
		return err
	}
	store, gateways := f.tellSpread(spread, used)
	alone, used, err := f.phase(scalePhase/2, many, func() (string, *agent) { return f.urls[0], f.agents[int(serial.Add(1))%crowd] })
	if err != nil {
		return err
	}
	tell("CPU of gateways per call, 3 of them / 1 of them", gateways/sum(perCall(used.cpu[:replicas], alone.done)), "times")
	hot, used, err := f.phase(scalePhase, allOpen, one)
	if err != nil {
		return err
	}
	f.tellHot(hot, used, store)
	shared, used, err := f.phase(scalePhase, allOpen, func() (string, *agent) { return f.anyGateway(), f.pooled[int(serial.Add(1))%len(f.pooled)] })
	if err != nil {
		return err
	}
	f.tellShared(shared, used, store)
	return nil
}

// tellSpread tells what calls of many agents cost each process; it returns what one costs all of each kind.
func (f *fleet) tellSpread(s sample, u use) (ofStore, ofGateways float64) {
	tell("calls a second, 3 gateways and 3 nodes", float64(s.done)/s.took.Seconds(), "1/s")
	gateways := perCall(u.cpu[:replicas], s.done)
	tell("CPU of gateways per call, 3 of them", sum(gateways), "ms")
	tell("busiest gateway / mean", slices.Max(gateways)*replicas/sum(gateways), "times")
	store := perCall(u.cpu[replicas:], s.done)
	tell("CPU of the store per call, 3 nodes", sum(store), "ms")
	tell("store's traffic per call", sum(u.bytes)/float64(s.done)/1024, "KiB")
	for i := range nodes {
		held := f.callsOn(i)
		tell(fmt.Sprintf("node %d: share of calls", i+1), float64(held)/float64(s.done), "")
		tell(fmt.Sprintf("node %d: CPU per call of its agents", i+1), float64(u.cpu[replicas+i].Microseconds())/1000/float64(held), "ms")
	}
	return sum(store), sum(gateways)
}

// tellHot tells what one agent can have: everything of it lies on one node, whatever the number of gateways.
func (f *fleet) tellHot(s sample, u use, spread float64) {
	store := perCall(u.cpu[replicas:], s.done)
	own := store[f.single.node]
	tell("one agent: calls a second, 3 gateways", float64(s.done)/s.took.Seconds(), "1/s")
	tell("one agent: CPU of its node per call", own, "ms")
	tell("one agent: its node's share of the store's CPU", own/sum(store), "")
	tell("one agent: CPU of its node per call / store's per call when spread", own/spread, "times")
	tell("one agent: calls a second that one core of its node carries", 1000/own, "1/s")
}

// tellShared tells what one budget costs that all agents share: what its node does beside its part of the agents.
func (f *fleet) tellShared(s sample, u use, spread float64) {
	var most float64
	for i := range nodes {
		all := float64(u.cpu[replicas+i].Microseconds()) / 1000
		most = max(most, (all-spread*float64(f.callsOn(i)))/float64(s.done))
	}
	tell("one shared budget: CPU of its node per call, beside that of agents", most, "ms")
	tell("one shared budget / the limits of an agent", most/spread, "times")
}

func (f *fleet) callsOn(node int) int64 {
	var n int64
	for _, a := range f.agents {
		if a.node == node {
			n += a.calls.Load()
		}
	}
	return max(n, 1)
}

// forward measures what the forwarder in an agent's own pod takes for a call.
func (f *fleet) forward(collector string) error {
	addresses := make([]string, 5)
	for i := range addresses {
		var err error
		if addresses[i], err = free(); err != nil {
			return err
		}
	}
	f.sidecar = exec.Command(collector, "sidecar")
	f.sidecar.Env = append(os.Environ(), "AGENTOPS_DIR="+f.file("pod"), "AGENTOPS_GATEWAY="+f.urls[0], "AGENTOPS_LISTEN_FORWARDER="+addresses[0],
		"AGENTOPS_LISTEN_GRPC="+addresses[1], "AGENTOPS_LISTEN_HTTP="+addresses[2], "AGENTOPS_LISTEN_HEALTH="+addresses[3], "AGENTOPS_RELAY=http://"+addresses[4])
	if err := f.sidecar.Start(); err != nil {
		return err
	}
	base := "http://" + addresses[0]
	if err := patiently(func() bool {
		resp, err := f.client.Get(base + "/v1/models")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}); err != nil {
		return err
	}
	before := cpuOf(f.sidecar)
	s, _, err := f.phase(scalePhase/2, many, func() (string, *agent) { return base, f.single })
	if err != nil {
		return err
	}
	tell("CPU of the forwarder per call", float64((cpuOf(f.sidecar)-before).Microseconds())/1000/float64(s.done), "ms")
	return nil
}

func perCall(cpu []time.Duration, calls int) []float64 {
	out := make([]float64, len(cpu))
	for i, c := range cpu {
		out[i] = float64(c.Microseconds()) / 1000 / float64(calls)
	}
	return out
}

func sum(values []float64) float64 {
	var s float64
	for _, v := range values {
		s += v
	}
	return s
}
