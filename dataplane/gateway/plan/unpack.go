package plan

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// mostUnpacked is more than any plan that fits into a ConfigMap unpacks to; without it a small file could fill the memory.
const mostUnpacked = 64 << 20

// unpack returns the JSON of a file that may be compressed: a ConfigMap holds 1 MiB, which a thousand agents fill.
func unpack(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("plan: %w; write JSON, plain or compressed by gzip", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, mostUnpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("plan: %w; write JSON, plain or compressed by gzip", err)
	case len(text) > mostUnpacked:
		return nil, fmt.Errorf("plan: unpacked it is larger than %d bytes; serve fewer agents with one gateway", mostUnpacked)
	}
	return text, nil
}
