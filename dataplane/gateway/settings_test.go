package gateway

import (
	"reflect"
	"testing"

	"agentops.dev/dataplane/gateway/store"
)

// Each variable of the state store reaches the part of the gateway that follows it.
func TestStoreIsReadFromTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"URL": "rediss://a:26379", "TOPOLOGY": "Sentinel", "ADDRESSES": "b:26379,c:26379", "MASTER": "main", "SERVER_NAME": "store", "SECRET": "/var/run/s",
	} {
		t.Setenv("AGENTOPS_REDIS_"+name, value)
	}
	s, err := FromEnvironment("test")
	want := store.Settings{URL: "rediss://a:26379", Topology: store.Sentinel, Addresses: []string{"b:26379", "c:26379"}, Master: "main", ServerName: "store", Secret: "/var/run/s"}
	if err != nil || !reflect.DeepEqual(s.Store, want) || s.Store.Check() != nil {
		t.Fatalf("%+v %v", s.Store, err)
	}
}
