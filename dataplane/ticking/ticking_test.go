package ticking

import (
	"context"
	"testing"
	"time"
)

// Work ends with its context, and only AtOnce does it before the interval has passed.
func TestWorkIsRepeatedUntilTheContextEnds(t *testing.T) {
	for name, repeat := range map[string]func(context.Context, time.Duration, func()){"every": Every, "at once": AtOnce} {
		ctx, cancel := context.WithCancel(t.Context())
		done := 0
		repeat(ctx, time.Millisecond, func() {
			if done++; done == 3 {
				cancel()
			}
		})
		if done < 3 {
			t.Errorf("%s: done %d times", name, done)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	done := 0
	Every(ended, time.Hour, func() { done++ })
	AtOnce(ended, time.Hour, func() { done++ })
	if done != 1 {
		t.Errorf("an ended context: done %d times", done)
	}
}
