package volume

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestAVolumeIsFullBeforeAWriteFails(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, c := range []struct {
		name string
		room Room
		want string
	}{
		{"half empty", Room{gib, gib / 2, true}, ""},
		{"a twentieth is kept free", Room{100 * mib, 5*mib - 1, true}, "less than 5120 KiB of 102400 KiB"},
		{"exactly a twentieth is room", Room{100 * mib, 5 * mib, true}, ""},
		{"of a big volume 64 MiB", Room{100 * gib, 65 * mib, true}, ""},
		{"less is too little there", Room{100 * gib, 63 * mib, true}, "less than 65536 KiB"},
		{"no more files", Room{gib, gib / 2, false}, "can hold no more files"},
		{"a file system without a size", Room{0, 0, true}, ""},
	} {
		v := &Volume{path: "/data", ask: func(string) (Room, error) { return c.room, nil }}
		v.Look()
		if got := v.Full(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRoomIsSeenAgain(t *testing.T) {
	room := Room{Total: 1 << 30, Files: true}
	v := &Volume{path: "/data", ask: func(string) (Room, error) { return room, nil }}
	v.Look()
	if v.Full() == "" {
		t.Error("an empty file system counts as one with room")
	}
	room.Free = 1 << 29
	if v.Hold() != "" {
		t.Errorf("still %q", v.Full())
	}
	room.Free = 0
	if v.Hold() == "" {
		t.Error("a request right after the volume filled up is taken")
	}
}

func TestAVolumeThatCannotBeAskedHasRoom(t *testing.T) {
	v := &Volume{ask: func(string) (Room, error) { return Room{}, errors.New("stale") }}
	if v.Look(); v.Full() != "" {
		t.Errorf("got %q", v.Full())
	}
	if real := New(t.TempDir()); real.ask == nil || real.Full() != "" {
		t.Error("a real one is full before it looked")
	}
	if _, err := statfs(t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestErrorsOfAFullDiskAreTold(t *testing.T) {
	wrapped := fmt.Errorf("store: %w", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if !NoRoom(wrapped) || NoRoom(syscall.EACCES) || NoRoom(nil) {
		t.Error("wrong")
	}
}
