package mask

import (
	"strings"
	"unsafe"
)

// view returns a text of the same length in which escapes that were written out are boundaries: the two characters "\n"
// become two line breaks, a backslash before a quote becomes that quote. Without it a key behind a written-out line break
// ("\nsk-…") has a letter before it and is not found, and an e-mail address swallows the "n". Unicode escapes of separators
// become that separator: "\u0026key=" is "&key=".
//
// The result shares buf and must not outlive it. A text without a backslash is its own view.
func view(s string, buf *[]byte) string {
	at := strings.IndexByte(s, '\\')
	if at < 0 {
		return s
	}
	b := append((*buf)[:0], s...)
	*buf = b
	for i := at; i < len(b); {
		if b[i] != '\\' {
			next := strings.IndexByte(s[i:], '\\')
			if next < 0 {
				break
			}
			i += next
			continue
		}
		i = blank(b, i)
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// blank overwrites the run of backslashes at i and the escape behind it; it returns where to go on.
func blank(b []byte, i int) int {
	end := i
	for end < len(b) && b[end] == '\\' {
		end++
	}
	if end == len(b) {
		return end
	}
	with, size := escapeAt(b[end:])
	for ; i < end+size; i++ {
		b[i] = with
	}
	return end + max(size, 1)
}

// escapeAt says what the escape letter at the start of b stands for and how many bytes belong to it. A character that
// separates ("&", "@", quotes) stands for itself, all others become a line break.
func escapeAt(b []byte) (with byte, size int) {
	switch b[0] {
	case 'n', 'r', 't', 'b', 'f':
		return '\n', 1
	case '"', '\'':
		return b[0], 1
	case 'u':
		if len(b) >= 5 && isHex(b[1]) && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) {
			if b[1] == '0' && b[2] == '0' {
				return separator(b[3], b[4]), 5
			}
			return '\n', 5
		}
	case 'x':
		if len(b) >= 3 && isHex(b[1]) && isHex(b[2]) {
			return separator(b[1], b[2]), 3
		}
	}
	return '\\', 0
}

func separator(high, low byte) byte {
	c := hexValue(high)<<4 | hexValue(low)
	if c <= ' ' || c >= 0x7F || c == '\\' || isAlnum(c) {
		return '\n'
	}
	return c
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
