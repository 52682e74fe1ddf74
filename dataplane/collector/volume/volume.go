// Package volume watches the room on the relay's volume, so that the relay stops taking what it could not keep before a
// write fails: a batch of which a part was written would be counted, and then sent and counted again.
package volume

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"agentops.dev/dataplane/ticking"
)

const (
	// share of the volume that is kept free: the queues need room to give things back.
	share = 20
	// maxReserve bounds it; a volume of terabytes is not full with gigabytes free.
	maxReserve = 64 << 20
)

// Room is what a volume has, in bytes; Files is false when it can hold no more files.
type Room struct {
	Total, Free uint64
	Files       bool
}

// Volume remembers whether there was room when it looked last. The zero value has room for ever.
type Volume struct {
	path string
	ask  func(path string) (Room, error)
	full atomic.Pointer[string]
}

// New watches the file system that holds a directory.
func New(path string) *Volume { return &Volume{path: path, ask: statfs} }

// Full says why nothing more can be taken; empty when something can.
func (v *Volume) Full() string {
	if text := v.full.Load(); text != nil {
		return *text
	}
	return ""
}

// Hold looks and says why nothing more can be taken. It is for each request: what was seen a second ago is too old when
// somebody else fills the volume, and asking costs a microsecond.
func (v *Volume) Hold() string {
	v.Look()
	return v.Full()
}

// Look asks the file system once. One that does not answer has room: writes will tell.
func (v *Volume) Look() {
	if v.ask == nil {
		return
	}
	room, err := v.ask(v.path)
	text := ""
	if err == nil {
		text = verdict(v.path, room)
	}
	v.full.Store(&text)
}

// verdict holds no number that moves: it is compared to tell whether something changed.
func verdict(path string, r Room) string {
	reserve := min(r.Total/share, maxReserve)
	switch {
	case r.Total > 0 && r.Free < reserve:
		return fmt.Sprintf("StorageFull: %s has less than %d KiB of %d KiB free", path, reserve>>10, r.Total>>10)
	case r.Total > 0 && !r.Files:
		return fmt.Sprintf("StorageFull: %s can hold no more files", path)
	}
	return ""
}

// Watch looks until the context ends.
func (v *Volume) Watch(ctx context.Context, every time.Duration) {
	ticking.Every(ctx, every, func() { v.Look() })
}

func statfs(path string) (Room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return Room{}, err
	}
	size := uint64(s.Bsize)
	// Some file systems make files as they need them and say that they have none.
	return Room{Total: s.Blocks * size, Free: s.Bavail * size, Files: s.Files == 0 || s.Ffree > 0}, nil
}

// NoRoom says whether an error means that the volume is full.
func NoRoom(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
