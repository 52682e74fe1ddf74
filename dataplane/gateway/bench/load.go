package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what calls took.
type sample struct {
	took   time.Duration
	each   []time.Duration
	done   int
	failed int
	why    string
}

func (s *sample) add(o sample) {
	s.each = append(s.each, o.each...)
	s.took, s.done, s.failed = s.took+o.took, s.done+o.done, s.failed+o.failed
	if o.why != "" {
		s.why = o.why
	}
}

func (s *sample) percentile(p int) float64 {
	if len(s.each) == 0 {
		return 0
	}
	slices.Sort(s.each)
	return float64(s.each[min(len(s.each)-1, len(s.each)*p/100)].Microseconds()) / 1000
}

const prompt = "Summarise the following ticket in two sentences and name the product that it is about. "

// call makes one call and says whether the answer is whole.
func (b *bed) call(through, stream bool) func(n int64) error {
	if through {
		return b.ask(b.gateway, "chat", stream)
	}
	return b.ask(b.provider, "chat", stream)
}

// ask makes one call at an address.
func (b *bed) ask(base, model string, stream bool) func(n int64) error {
	body := []byte(`{"model":"` + model + `","temperature":0.2,"messages":[{"role":"system","content":"You are a careful assistant."},{"role":"user","content":"` + prompt + prompt + prompt + prompt + prompt + `"}]`)
	if stream {
		body = append(body, `,"stream":true`...)
	}
	body = append(body, '}')
	end := []byte("[DONE]")
	return func(n int64) error {
		req, err := http.NewRequest(http.MethodPost, base+"/v1/chat/completions", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header["Content-Type"] = []string{"application/json"}
		req.Header["Authorization"] = []string{b.token}
		req.Header["X-Agentops-Run-Id"] = []string{"run-" + strconv.FormatInt(n%200, 10)}
		resp, err := b.client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		switch {
		case err != nil:
			return err
		case resp.StatusCode != http.StatusOK || stream && !bytes.Contains(text, end):
			return fmt.Errorf("HTTP %d: %.200s", resp.StatusCode, text)
		}
		return nil
	}
}

// steady begins calls at a fixed rate, whatever becomes of those before; each is measured from when it was due.
func (b *bed) steady(call func(int64) error) sample {
	var s sample
	var mu sync.Mutex
	var calls sync.WaitGroup
	began := time.Now()
	total := int64(phase.Seconds() * rate)
	for n := range total {
		due := began.Add(time.Duration(n) * time.Second / rate)
		time.Sleep(time.Until(due))
		calls.Go(func() {
			err := call(n)
			took := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			s.each = append(s.each, took)
			s.note(err)
		})
	}
	calls.Wait()
	s.took = time.Since(began)
	return s
}

func (s *sample) note(err error) {
	s.done++
	if err != nil {
		s.failed++
		s.why = err.Error()
	}
}

// saturate keeps many calls open.
func (b *bed) saturate(call func(int64) error, d time.Duration) sample {
	var s sample
	var mu sync.Mutex
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range many {
		workers.Go(func() {
			for time.Since(began) < d {
				err := call(next.Add(1))
				mu.Lock()
				s.note(err)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	s.took = time.Since(began)
	return s
}
