// Package configmap follows one ConfigMap through the API server, so that a change arrives when it is written and not when the
// kubelet comes by.
package configmap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"agentops.dev/dataplane/identity"
)

const (
	// watched is how long one watch lasts. Then the object is read again: what a connection that died in silence has kept back
	// comes so.
	watched = 50 * time.Second
	// answered is how long an answer, or the end of a watch, may be late.
	answered = 10 * time.Second
	// Pauses after a failure.
	shortest, longest = time.Second, 30 * time.Second
)

// Follower reads one key of a ConfigMap.
type Follower struct {
	server          identity.Source
	namespace, name string
	key             string
	now             func() time.Time
	// heard is when the API server last told what the object is, in nanoseconds.
	heard atomic.Int64
}

// New follows nothing yet; place is "<namespace>/<name>".
func New(server identity.Source, place, key string, now func() time.Time) (*Follower, error) {
	namespace, name, ok := strings.Cut(place, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("%q: write <namespace>/<name>", place)
	}
	return &Follower{server: server, namespace: namespace, name: name, key: key, now: now}, nil
}

// Silence is how long the API server has said nothing about the object; very long before the first word.
func (f *Follower) Silence() time.Duration { return f.now().Sub(time.Unix(0, f.heard.Load())) }

// object is what is read of a ConfigMap, or of the status of an error.
type object struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Data       map[string]string `json:"data"`
	BinaryData map[string][]byte `json:"binaryData"`
}

// content of the key; nil when there is none.
func (o *object) content(key string) []byte {
	if packed, ok := o.BinaryData[key]; ok {
		return packed
	}
	if text, ok := o.Data[key]; ok {
		return []byte(text)
	}
	return nil
}

// Read takes the object as it is now.
func (f *Follower) Read(ctx context.Context, take func([]byte)) error {
	client, err := f.server.Client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	_, err = f.read(ctx, client, take)
	return err
}

// Run follows until the context ends. take is called with each version, in the order in which they were written; failed with
// what stands in the way, once until it changes.
func (f *Follower) Run(ctx context.Context, take func([]byte), failed func(error)) {
	pause, last := shortest, ""
	for ctx.Err() == nil {
		began := time.Now()
		err := f.follow(ctx, func(data []byte) {
			pause, last = shortest, ""
			take(data)
		})
		if err == nil && time.Since(began) > shortest {
			continue
		}
		if err != nil && ctx.Err() == nil && err.Error() != last {
			failed(err)
			last = err.Error()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, longest)
	}
}

// errGone says that there is no such ConfigMap, or that it lacks the key.
var errGone = errors.New("the ConfigMap is not there")

// follow reads the object and watches it, until the watch ends.
func (f *Follower) follow(ctx context.Context, take func([]byte)) error {
	client, err := f.server.Client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	version, err := f.read(ctx, client, take)
	if err != nil {
		return err
	}
	return f.watch(ctx, client, version, take)
}

func (f *Follower) read(ctx context.Context, client *http.Client, take func([]byte)) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answered)
	defer cancel()
	body, err := f.ask(ctx, client, "/api/v1/namespaces/"+f.namespace+"/configmaps/"+f.name)
	if err != nil {
		return "", err
	}
	defer body.Close()
	var o object
	if err := json.NewDecoder(body).Decode(&o); err != nil {
		return "", fmt.Errorf("the API server's answer cannot be read: %w", err)
	}
	return o.Metadata.ResourceVersion, f.hear(&o, take)
}

func (f *Follower) hear(o *object, take func([]byte)) error {
	data := o.content(f.key)
	if data == nil {
		return errGone
	}
	f.heard.Store(f.now().UnixNano()) // first: who reads an older copy now must know that it is older
	take(data)
	return nil
}

func (f *Follower) watch(ctx context.Context, client *http.Client, version string, take func([]byte)) error {
	ctx, cancel := context.WithTimeout(ctx, watched+answered)
	defer cancel()
	// The name as a field is what lets a right on this one object cover the watch.
	query := url.Values{"watch": {"true"}, "fieldSelector": {"metadata.name=" + f.name}, "resourceVersion": {version},
		"timeoutSeconds": {fmt.Sprint(int(watched / time.Second))}}
	body, err := f.ask(ctx, client, "/api/v1/namespaces/"+f.namespace+"/configmaps?"+query.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	for events := json.NewDecoder(body); ; {
		var e struct {
			Type   string `json:"type"`
			Object object `json:"object"`
		}
		if err := events.Decode(&e); err != nil {
			return nil // the watch is over: its time, or the connection; the next read tells
		}
		switch e.Type {
		case "ADDED", "MODIFIED":
			if err := f.hear(&e.Object, take); err != nil {
				return err
			}
		case "DELETED":
			return errGone
		case "ERROR":
			return nil // the version is too old
		}
	}
}

func (f *Follower) ask(ctx context.Context, client *http.Client, path string) (io.ReadCloser, error) {
	req, err := f.server.Request(ctx, path)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the API server does not answer: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.Body, nil
	case http.StatusNotFound:
		err = errGone
	default:
		err = fmt.Errorf("the API server does not show the ConfigMap: HTTP %d", resp.StatusCode)
	}
	_ = resp.Body.Close()
	return nil, err
}
