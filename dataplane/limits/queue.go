package limits

import (
	"sync"
	"time"
)

const (
	retryEvery = 100 * time.Millisecond
	lastTry    = 2 * time.Second
)

// settlement is a step that ends a reservation.
type settlement struct {
	op          string // commit, release, rollback or forget, as settle.lua knows them
	reservation *Reservation
	usage       Usage
	failure     string
}

// queue holds the settlements that the store did not take, in memory and bounded, and tries them again.
type queue struct {
	settle func(settlement) bool
	size   int

	mu      sync.Mutex
	waiting []settlement
	counts  Stats
	wake    chan struct{}
	quit    chan struct{}
	done    chan struct{}
}

func startQueue(size int, settle func(settlement) bool) *queue {
	q := &queue{settle: settle, size: size, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go q.work()
	return q
}

func (q *queue) add(s settlement) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= q.size {
		q.counts.Lost++
		return
	}
	q.waiting = append(q.waiting, s)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) work() {
	defer close(q.done)
	for {
		select {
		case <-q.wake:
		case <-q.quit:
			return
		}
		for !q.drain() {
			select {
			case <-time.After(retryEvery):
			case <-q.quit:
				return
			}
		}
	}
}

// drain settles from the front until one fails, which goes to the end: were it at fault itself, it would keep all others
// from being settled. Each is idempotent: one whose answer was lost is tried again.
func (q *queue) drain() bool {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.waiting = nil
			q.mu.Unlock()
			return true
		}
		s := q.waiting[0]
		q.mu.Unlock()
		settled := q.settle(s)
		q.mu.Lock()
		q.waiting = q.waiting[1:]
		if settled {
			q.counts.Reconciled++
		} else {
			q.waiting = append(q.waiting, s)
		}
		q.mu.Unlock()
		if !settled {
			return false
		}
	}
}

func (q *queue) stop() {
	close(q.quit)
	<-q.done
	for end := time.Now().Add(lastTry); !q.drain() && time.Now().Before(end); {
		time.Sleep(retryEvery)
	}
}

func (q *queue) countUnreserved(microUSD int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.counts.UnreservedCalls++
	q.counts.UnreservedMicroUSD += microUSD
}

func (q *queue) stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.counts
	s.Queued = int64(len(q.waiting))
	return s
}
