package mask

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Source says where the rules in force come from.
type Source string

const (
	// SourceConfig means the rules file, as it is now.
	SourceConfig Source = "Config"
	// SourceLastGood means an earlier rules file: the present one was refused.
	SourceLastGood Source = "LastGood"
	// SourceDefault means the built-in default: there was never a rules file.
	SourceDefault Source = "Default"
)

// State is what is in force, for reports.
type State struct {
	Digest   string    `json:"digest"`
	Source   Source    `json:"source"`
	LoadedAt time.Time `json:"loadedAt"`
	Error    string    `json:"error"`
	// KeyError says why Hash acts as Redact although the rules name a key.
	KeyError string `json:"keyError,omitempty"`
}

// Live holds the engine in force and swaps it without a moment in which none is.
type Live struct {
	engine atomic.Pointer[Engine]
	now    func() time.Time

	mu    sync.Mutex
	state State
}

// NewLive starts with the built-in default. The clock is an argument so that tests can turn it.
func NewLive(now func() time.Time) *Live {
	l := &Live{now: now}
	l.engine.Store(defaultEngine())
	l.state = State{Digest: Default().Digest(), Source: SourceDefault, LoadedAt: now()}
	return l
}

// Engine is the engine in force, never nil.
func (l *Live) Engine() *Engine { return l.engine.Load() }

// State says what is in force and why.
func (l *Live) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Load reads the rules file (and the keys beside it, in keyDir; "" means no keys) and swaps the engine when either
// changed. A refused file keeps the last good engine; the error says why. It is cheap to call on a timer.
func (l *Live) Load(path, keyDir string) (swapped bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys, keyErr := loadKeysOrNone(keyDir)
	l.state.KeyError = text(keyErr)
	rules, err := readRules(path)
	if errors.Is(err, fs.ErrNotExist) && l.state.Source == SourceDefault {
		// No file was ever there: the default masks, and that is no error.
		rules, err = Default(), nil
	} else if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("rules file: %s: it is gone; the last good rules stay", filepath.Base(path))
	}
	if err != nil {
		return false, l.refuse(keys, err)
	}
	if keyErr == nil && keyDir != "" && rules.hashes() && !keys.Present() {
		l.state.KeyError = "hash key: there is none"
	}
	source := SourceConfig
	if rules.Digest() == Default().Digest() {
		source = l.state.Source
	}
	return l.swap(rules, keys, source)
}

func (l *Live) refuse(keys Keys, cause error) error {
	l.state.Error = cause.Error()
	if l.state.Source == SourceConfig {
		l.state.Source = SourceLastGood
	}
	// A key that was rotated counts even while the rules are refused: the old one may be the one that leaked.
	if cur := l.engine.Load(); !cur.keys.Equal(keys) {
		if e, err := NewEngine(cur.rules, keys); err == nil {
			l.engine.Store(e)
		}
	}
	return cause
}

func (l *Live) swap(rules *Rules, keys Keys, source Source) (bool, error) {
	cur := l.engine.Load()
	same := cur.rules.Digest() == rules.Digest() && cur.keys.Equal(keys)
	if same && l.state.Error == "" && l.state.Source == source {
		return false, nil
	}
	if !same {
		e, err := NewEngine(rules, keys)
		if err != nil {
			return false, l.refuse(keys, err)
		}
		l.engine.Store(e)
	}
	l.state.Digest, l.state.Source, l.state.Error, l.state.LoadedAt = rules.Digest(), source, "", l.now()
	return !same, nil
}

func loadKeysOrNone(dir string) (Keys, error) {
	if dir == "" {
		return Keys{}, nil
	}
	return LoadKeys(dir)
}

func readRules(path string) (*Rules, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// defaultEngine cannot fail: a test compiles it.
func defaultEngine() *Engine {
	e, err := NewEngine(Default(), Keys{})
	if err != nil {
		panic(err)
	}
	return e
}
