package identity

import (
	"sync"
	"time"
)

const (
	// knownFor is how long a token that was verified is not verified again: a signature costs as much as the rest of a call.
	knownFor = 30 * time.Second
	// knownMost bounds the tokens that are remembered.
	knownMost = 20_000
)

// Known remembers good tokens of one kind for a while.
type Known struct {
	now func() time.Time

	mu     sync.RWMutex
	tokens map[string]known
}

type known struct {
	id    Identity
	until time.Time
}

// NewKnown knows nobody yet.
func NewKnown(now func() time.Time) *Known { return &Known{now: now, tokens: map[string]known{}} }

// Get says whose a token is; verify is asked when that is not known.
func (k *Known) Get(token string, verify func() (Identity, time.Time, *Refusal)) (Identity, *Refusal) {
	k.mu.RLock()
	found, ok := k.tokens[token]
	k.mu.RUnlock()
	now := k.now()
	if ok && now.Before(found.until) {
		return found.id, nil
	}
	id, expires, refused := verify()
	if refused != nil {
		return id, refused
	}
	until := now.Add(knownFor)
	if expires.Before(until) {
		until = expires
	}
	k.remember(token, known{id, until}, now)
	return id, nil
}

func (k *Known) remember(token string, found known, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.tokens) >= knownMost {
		for t, old := range k.tokens {
			if now.After(old.until) || len(k.tokens) >= knownMost {
				delete(k.tokens, t)
			}
		}
	}
	k.tokens[token] = found
}
