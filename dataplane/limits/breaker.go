package limits

import (
	"sync"
	"time"
)

const (
	tolerated = 3
	firstOpen = 200 * time.Millisecond
	longest   = 2 * time.Second
)

// breaker keeps calls from waiting for a store that does not answer. After three failures in a row it is open; when its time
// has passed it lets one call through, whose success closes it and whose failure doubles the time.
type breaker struct {
	mu       sync.Mutex
	failures int
	open     time.Duration
	until    time.Time
	probing  bool
}

// wait is zero when the call may go on, else the time to the next try. The caller reports what came of it.
func (b *breaker) wait(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == 0 {
		return 0
	}
	if left := b.until.Sub(now); left > 0 {
		return left
	}
	if b.probing {
		return b.open
	}
	b.probing = true
	return 0
}

func (b *breaker) report(now time.Time, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if !failed {
		b.failures, b.open = 0, 0
		return
	}
	b.failures++
	if b.failures >= tolerated && b.until.Before(now) {
		b.open = min(max(firstOpen, 2*b.open), longest)
		b.until = now.Add(b.open)
	}
}

// abandon ends a call of which nothing is known: its caller went away.
func (b *breaker) abandon() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open > 0
}
