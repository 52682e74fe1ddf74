package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// shard is a node of the state store.
type shard struct {
	address string
	process *exec.Cmd
	db      *redis.Client
}

// startShards starts a cluster of so many nodes, each with an equal part of the slots.
func startShards(dir string, many int) (shards []*shard, err error) {
	for i := range many {
		s, err := startShard(filepath.Join(dir, fmt.Sprint("shard-", i)))
		if err != nil {
			return shards, err
		}
		shards = append(shards, s)
		if err := s.db.ClusterAddSlotsRange(context.Background(), 16384*i/many, 16384*(i+1)/many-1).Err(); err != nil {
			return shards, err
		}
	}
	ctx := context.Background()
	for _, s := range shards[1:] {
		host, port, _ := net.SplitHostPort(s.address)
		bus := s.db.ConfigGet(ctx, "cluster-port").Val()["cluster-port"]
		if err := shards[0].db.Do(ctx, "cluster", "meet", host, port, bus).Err(); err != nil {
			return shards, err
		}
	}
	return shards, patiently(func() bool {
		for _, s := range shards {
			info := s.db.ClusterInfo(ctx).Val()
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprint("cluster_known_nodes:", many)) {
				return false
			}
		}
		return true
	})
}

func startShard(dir string) (*shard, error) {
	address, err := free()
	bus, err2 := free()
	if err := errors.Join(err, err2, os.Mkdir(dir, 0o700)); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	_, busPort, _ := net.SplitHostPort(bus)
	s := &shard{address: address, db: redis.NewClient(&redis.Options{Addr: address})}
	s.process = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--appendonly", "yes", "--appendfsync", "always",
		"--save", "", "--cluster-enabled", "yes", "--cluster-port", busPort)
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("redis-server: %w; make redis installs it", err)
	}
	return s, patiently(func() bool { return s.db.Ping(context.Background()).Err() == nil })
}

// traffic is what went in and out over the network.
func (s *shard) traffic() float64 {
	info := s.db.Info(context.Background(), "stats").Val()
	var sum float64
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "total_net_input_bytes" || name == "total_net_output_bytes" {
			n, _ := strconv.ParseFloat(value, 64)
			sum += n
		}
	}
	return sum
}

// owner is the node that holds an agent, of so many with equal parts of the slots.
func owner(slot int64, many int) int { return int(slot) * many / 16384 }

// slots of agents, as the store itself computes them.
func (s *shard) slots(roots []string) ([]int64, error) {
	pipe := s.db.Pipeline()
	commands := make([]*redis.IntCmd, len(roots))
	for i, root := range roots {
		commands[i] = pipe.ClusterKeySlot(context.Background(), root)
	}
	_, err := pipe.Exec(context.Background())
	found := make([]int64, len(roots))
	for i, c := range commands {
		found[i] = c.Val()
	}
	return found, err
}

// use is what processes took in a phase.
type use struct {
	cpu   []time.Duration
	bytes []float64
}

func useOf(processes []*exec.Cmd, shards []*shard) use {
	var u use
	for _, p := range processes {
		u.cpu = append(u.cpu, cpuOf(p))
	}
	for _, s := range shards {
		u.bytes = append(u.bytes, s.traffic())
	}
	return u
}

func (u use) since(before use) use {
	out := use{}
	for i := range u.cpu {
		out.cpu = append(out.cpu, u.cpu[i]-before.cpu[i])
	}
	for i := range u.bytes {
		out.bytes = append(out.bytes, u.bytes[i]-before.bytes[i])
	}
	return out
}
