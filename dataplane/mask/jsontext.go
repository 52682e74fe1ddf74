package mask

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanString returns where the JSON string at i ends, behind its closing quote, or -1.
func scanString(s string, i int) (end int, escaped bool) {
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, escaped
		case c < 0x20:
			return -1, false
		case c == '\\':
			escaped = true
			size := escapeSize(s[i:])
			if size == 0 {
				return -1, false
			}
			i += size - 1
		}
	}
	return -1, false
}

// escapeSize returns the length of the JSON escape at the start of s, or 0 when it is none.
func escapeSize(s string) int {
	if len(s) < 2 {
		return 0
	}
	if s[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, s[1]) < 0 {
			return 0
		}
		return 2
	}
	if len(s) < 6 || !isHex(s[2]) || !isHex(s[3]) || !isHex(s[4]) || !isHex(s[5]) {
		return 0
	}
	return 6
}

// scanNumber returns where the JSON number at i ends, or -1.
func scanNumber(s string, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i >= len(s) || !isDigit(s[i]) {
		return -1
	}
	if s[i] == '0' {
		i++
	} else {
		i = skipDigits(s, i)
	}
	if i < len(s) && s[i] == '.' {
		next := skipDigits(s, i+1)
		if next == i+1 {
			return -1
		}
		i = next
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		next := skipDigits(s, i)
		if next == i {
			return -1
		}
		i = next
	}
	return i
}

func skipDigits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendUnquoted decodes the inside of a JSON string that scanString accepted.
func appendUnquoted(out []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return append(out, s...)
		}
		out = append(out, s[:i]...)
		s = s[i:]
		if s[1] != 'u' {
			out = append(out, unescaped[s[1]])
			s = s[2:]
			continue
		}
		r := hexRune(s)
		s = s[6:]
		if utf16.IsSurrogate(r) && strings.HasPrefix(s, `\u`) {
			if pair := utf16.DecodeRune(r, hexRune(s)); pair != utf8.RuneError {
				r = pair
				s = s[6:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
}

// hexRune reads the escape \uXXXX at the start of s.
func hexRune(s string) rune {
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
