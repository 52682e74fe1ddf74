package main

import (
	"fmt"
	"strings"
	"testing"

	"agentops.dev/dataplane/collector/watchprovider"
)

func TestAStandInTakesNothing(t *testing.T) {
	r := blankRelay()
	if r.holding()() != "" {
		t.Error("a relay without a configuration file takes nothing")
	}
	r.Config.Refused("open relay.yaml: no such file or directory")
	if r.holding()() != "" {
		t.Error("a relay before its configuration file takes nothing")
	}
	r.Config.Refused(fmt.Errorf("%w: StorageFull", watchprovider.ErrLater).Error())
	standIn := r.holding()
	if !strings.Contains(standIn(), "StorageFull") {
		t.Errorf("what stands in for a configuration with backends says %q", standIn())
	}
	r.Config.Accepted("sha256:a")
	if standIn() == "" {
		t.Error("it takes telemetry in the moment before the accepted configuration starts")
	}
	r.Config.Refused(fmt.Errorf("%w: StorageFull", watchprovider.ErrLater).Error())
	if r.holding()() != "" {
		t.Error("the last good configuration takes nothing because a newer one waits")
	}
}
