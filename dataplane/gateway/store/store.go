package store

import (
	"context"
	"log/slog"
	"maps"

	"agentops.dev/dataplane/limits"
)

// Store is the state store of a gateway. It follows its Secret: what changes there holds for new connections, and what cannot
// be used changes nothing.
type Store struct {
	*limits.Client
	settings Settings
	options  limits.Options
	log      *slog.Logger
	seen     secret
	fault    error
}

// Open makes a store, which need not be there, nor need its Secret.
func Open(s Settings, o limits.Options, log *slog.Logger) (*Store, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	o.URL = ""
	client, err := limits.New(o)
	if err != nil {
		return nil, err
	}
	o.URL, o.Addresses, o.Cluster, o.Master = s.URL, s.Addresses, s.Topology == Cluster, s.Master
	made := &Store{Client: client, settings: s, options: o, log: log}
	made.follow()
	return made, nil
}

// Ready asks the store, by what its Secret holds now. It is not called twice at once.
func (s *Store) Ready(ctx context.Context) error {
	s.follow()
	err := s.Client.Ready(ctx)
	if err != nil && s.fault != nil {
		return s.fault
	}
	return err
}

func (s *Store) follow() {
	found := secret{}
	if s.settings.Secret != "" {
		found = readSecret(s.settings.Secret)
	}
	if s.seen != nil && maps.Equal(found, s.seen) {
		return
	}
	s.seen = found
	options, err := found.into(s.options, s.settings)
	if err == nil {
		err = s.Use(options)
	}
	s.fault = err
	if err != nil {
		s.log.Error("state store: what was in use stays", "error", err.Error())
	}
}
