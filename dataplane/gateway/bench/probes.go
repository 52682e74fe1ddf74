package main

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"agentops.dev/dataplane/gateway/live"
	"agentops.dev/dataplane/gateway/probe"
	"agentops.dev/dataplane/gateway/serve"
	"agentops.dev/dataplane/limits"
)

// probes tells what it costs to meet every limit of a plan once.
func (b *bed) probes() error {
	store, err := limits.New(limits.Options{URL: "unix://" + b.socket(), Timeout: 10 * time.Second})
	if err != nil {
		return err
	}
	defer store.Close()
	equal, err := b.round(store, true)
	if err != nil {
		return err
	}
	tell("limits met of 1,000 Agents with equal ones", float64(equal.checks), "")
	all, err := b.round(store, false)
	if err != nil {
		return err
	}
	tell("limits met of 1,000 Agents that all differ", float64(all.checks), "")
	tell("failed probes", float64(equal.failed+all.failed), "")
	tell("commands of the state store per probe", float64(all.commands)/float64(all.checks), "")
	tell("CPU per probe", all.cpu.Seconds()*1000/float64(all.checks), "ms")
	return nil
}

type round struct {
	checks, failed int
	commands       int64
	cpu            time.Duration
}

func (b *bed) round(store *limits.Client, equal bool) (r round, err error) {
	p, err := b.fleet(equal, 0)
	if err != nil {
		return r, err
	}
	l, err := live.Of(p)
	if err != nil {
		return r, err
	}
	prober := probe.New(serve.Options{Live: l, MaxBody: 1 << 20, Now: time.Now}, store, "bench", func(probe.Result) {})
	commands, cpu := b.commands(), ownCPU()
	r.checks = prober.Round(context.Background())
	r.cpu, r.commands = ownCPU()-cpu, b.commands()-commands
	r.failed = r.checks - prober.Counts()[probe.Observed]
	return r, nil
}

// commands that the state store has processed so far, those inside of scripts aside.
func (b *bed) commands() int64 {
	db := redis.NewClient(&redis.Options{Addr: b.socket()})
	defer db.Close()
	_, rest, _ := strings.Cut(db.Info(context.Background(), "commandstats").Val(), "cmdstat_evalsha:calls=")
	digits, _, _ := strings.Cut(rest, ",")
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
