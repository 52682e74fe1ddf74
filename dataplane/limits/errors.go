package limits

import (
	"errors"
	"fmt"
	"time"
)

// ErrStateStore says that the store could not be asked, or did not answer in time. What was sent may have been done all the
// same: the client settles it by the call's ID when the store is back.
type ErrStateStore struct {
	// Step that failed.
	Step string
	// RetryAfter is the time until the store is tried again; zero while the circuit is closed.
	RetryAfter time.Duration
	// Err is what the connection said; nil while the circuit is open.
	Err error
}

func (e *ErrStateStore) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("state store: %s: circuit open, tried again in %v", e.Step, e.RetryAfter)
	}
	return fmt.Sprintf("state store: %s: %v", e.Step, e.Err)
}

func (e *ErrStateStore) Unwrap() error { return e.Err }

// unsent says that the store was not even asked: the circuit was open, or nobody knew yet where it is.
func (e *ErrStateStore) unsent() bool { return e.Err == nil || errors.Is(e.Err, errUnknown) }

// ErrInvalid names a field that cannot be meant: a mistake of the caller, not of the store.
type ErrInvalid struct {
	Field, Value, Mend string
}

func (e *ErrInvalid) Error() string {
	return fmt.Sprintf("limits: %s is %q: %s", e.Field, e.Value, e.Mend)
}

// ErrNoRun says that the agent has no such run, or that it was forgotten (AgentLimits.RunKeep).
type ErrNoRun struct{ Agent, Run string }

func (e *ErrNoRun) Error() string {
	return fmt.Sprintf("limits: agent %s has no run %s", e.Agent, e.Run)
}

// ErrTransition says that a decision does not fit the run as it is now.
type ErrTransition struct {
	Verb  Verb
	State RunState
	// Hold is the number of the run's present hold; a decision about another one comes too late.
	Hold int64
	// Expired is the run when this decision found that it had been held too long.
	Expired *Run
}

func (e *ErrTransition) Error() string {
	return fmt.Sprintf("limits: cannot %s a run that is %s (hold %d)", e.Verb, e.State, e.Hold)
}
