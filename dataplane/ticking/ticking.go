// Package ticking repeats work until a context ends.
package ticking

import (
	"context"
	"time"
)

// Every does the work each time the interval has passed.
func Every(ctx context.Context, interval time.Duration, work func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		work()
	}
}

// AtOnce does the work now, and then as Every does.
func AtOnce(ctx context.Context, interval time.Duration, work func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		work()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
