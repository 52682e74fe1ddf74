// Package wire looks at a request before it is decoded. The decoder calls itself once per level of nesting: a request of
// a few megabytes that holds nothing but nesting would overflow the stack, which ends the process and cannot be caught.
package wire

import "encoding/binary"

// maxDepth is far above any real value and far below what the stack holds.
const maxDepth = 512

// TooDeep says whether a protobuf message is nested too deeply. It knows no schema: whatever has a length is looked into,
// and what turns out to be a text is skipped at its end. Each byte is looked at once.
func TooDeep(b []byte) bool {
	ends := make([]int, 0, maxDepth)
	i, end := 0, len(b)
	for {
		for i >= end {
			if len(ends) == 0 {
				return false
			}
			end, ends = ends[len(ends)-1], ends[:len(ends)-1]
		}
		next, length := field(b[i:end])
		i += next
		if length == 0 {
			continue
		}
		if len(ends) == maxDepth {
			return true
		}
		ends = append(ends, end)
		end = i + length
	}
}

// field reads one field and returns how many bytes to move on. For a field with a length these end before its content.
// What is no field ends the message.
func field(b []byte) (next, length int) {
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 == 0 {
		return len(b), 0
	}
	switch tag & 7 {
	case 0:
		_, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return len(b), 0
		}
		return n + m, 0
	case 1:
		return min(n+8, len(b)), 0
	case 5:
		return min(n+4, len(b)), 0
	case 2:
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return len(b), 0
		}
		return n + m, int(size)
	}
	return len(b), 0
}
