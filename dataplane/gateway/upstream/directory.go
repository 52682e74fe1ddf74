package upstream

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"agentops.dev/dataplane/gateway/plan"
)

const (
	microsoft  = "https://login.microsoftonline.com/"
	azureScope = "https://cognitiveservices.azure.com/.default"
)

// directory gets tokens for applications that Microsoft's directory knows; each is used until shortly before its end.
type directory struct {
	client *http.Client

	mu      sync.Mutex
	sources map[application]oauth2.TokenSource
}

type application struct{ tenant, id, secret string }

func newDirectory(client *http.Client) *directory {
	return &directory{client: &http.Client{Transport: client.Transport, Timeout: 10 * time.Second}, sources: map[application]oauth2.TokenSource{}}
}

// authorize writes a token into a request; without a credential nothing.
func (d *directory) authorize(ctx context.Context, limit *clock, h http.Header, s *Secrets, t plan.Target) *Failure {
	var app application
	for role, value := range map[plan.Role]*string{plan.TenantID: &app.tenant, plan.ClientID: &app.id, plan.ClientSecret: &app.secret} {
		found, err := s.Get(t.Credential, role)
		if err != nil {
			return &Failure{Class: Unauthorized, Message: err.Error(), Code: CredentialMissing}
		}
		*value = found
	}
	if app.tenant == "" || app.id == "" || app.secret == "" {
		return nil
	}
	token := make(chan *oauth2.Token, 1)
	go func() {
		found, _ := d.source(app).Token()
		token <- found
	}()
	select {
	case found := <-token:
		if found == nil {
			return &Failure{Class: Unauthorized, Message: "the directory gave no token", Code: CredentialRefused}
		}
		h["Authorization"] = []string{"Bearer " + found.AccessToken}
		return nil
	case <-ctx.Done():
		return broken(ctx, limit, ctx.Err())
	}
}

func (d *directory) source(app application) oauth2.TokenSource {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sources[app]; s != nil {
		return s
	}
	config := clientcredentials.Config{ClientID: app.id, ClientSecret: app.secret, Scopes: []string{azureScope},
		TokenURL: microsoft + url.PathEscape(app.tenant) + "/oauth2/v2.0/token", AuthStyle: oauth2.AuthStyleInParams}
	// A token outlives the call that asked for it: the context is that of the process.
	d.sources[app] = config.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, d.client))
	return d.sources[app]
}
