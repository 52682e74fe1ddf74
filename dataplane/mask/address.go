package mask

import (
	"net/netip"
	"strings"
)

// matchIPv4 matches at the first digit of four groups. Five groups, or a "v" before them, are a version.
func matchIPv4(s string, at int) (start, end int, ok bool) {
	i := at
	for group := range 4 {
		if group > 0 {
			if i >= len(s) || s[i] != '.' {
				return 0, 0, false
			}
			i++
		}
		n := digitsFrom(s, i, 5)
		if n == 0 || n > 3 {
			return 0, 0, false
		}
		i += n
	}
	if !endsWord(s, i) || (i+1 < len(s) && (s[i] == '.' || s[i] == '-') && isDigit(s[i+1])) {
		return 0, 0, false
	}
	addr, err := netip.ParseAddr(s[at:i])
	if err != nil || !personal(addr) || versionBefore(s, at) {
		return 0, 0, false
	}
	return at, i, true
}

// versionBefore says whether the words before a dotted number announce a version.
func versionBefore(s string, at int) bool {
	if at >= 2 && (s[at-1] == '=' && strings.IndexByte("=<>~!", s[at-2]) >= 0 || s[at-1] == '/' && isLetter(s[at-2])) {
		return true
	}
	before := s[max(0, at-12):at]
	return hasWord(before, "version") || hasWord(before, "ver") || hasWord(before, "release") || hasWord(before, "v")
}

// personal leaves out addresses that name no machine of anybody: loopback, unspecified, and the documentation's masks.
func personal(addr netip.Addr) bool {
	return !addr.IsLoopback() && !addr.IsUnspecified() && addr.String() != "255.255.255.255" && !strings.HasPrefix(addr.String(), "255.")
}

// matchIPv6 matches around a colon between hexadecimal digits.
func matchIPv6(s string, at int) (start, end int, ok bool) {
	if (at > 0 && !inIPv6(s[at-1])) || at+1 >= len(s) || !inIPv6(s[at+1]) {
		return 0, 0, false
	}
	if s[at+1] == ':' && at > 0 && s[at-1] == ':' {
		return 0, 0, false // a rule of colons, not an address
	}
	start, end = at, at
	for start > 0 && at-start < 40 && inIPv6(s[start-1]) {
		start--
	}
	for end < len(s) && end-at < 46 && (inIPv6(s[end]) || s[end] == '.') {
		end++
	}
	for end > start && (s[end-1] == '.' || (s[end-1] == ':' && !strings.HasSuffix(s[start:end], "::"))) {
		end--
	}
	for try := 0; try < 3 && end-start >= 6; try++ {
		if addressIn(s, start, end) {
			return start, end, true
		}
		// "value:2001:db8::1": letters of the word before a colon may be hexadecimal digits too.
		colon := strings.IndexByte(s[start:end], ':')
		if colon < 0 {
			break
		}
		start += colon + 1
	}
	return 0, 0, false
}

// addressIn counts colons first: the parser's errors cost an allocation each.
func addressIn(s string, start, end int) bool {
	text := s[start:end]
	if colons := strings.Count(text, ":"); colons < 2 || (colons < 6 && !strings.Contains(text, "::")) {
		return false
	}
	if !strings.ContainsAny(text, "0123456789") || !startsWord(s, start) || !endsWord(s, end) {
		return false
	}
	addr, err := netip.ParseAddr(text)
	return err == nil && addr.Is6() && personal(addr)
}

func inIPv6(c byte) bool { return isHex(c) || c == ':' }

// matchURLPassword matches behind "://": the part between the first colon and the last "@" of the authority.
func matchURLPassword(s string, at int) (start, end int, ok bool) {
	from := at + len("://")
	colon, last := -1, -1
scan:
	for i := from; i < len(s) && i-from < 512; i++ {
		switch s[i] {
		case ':':
			if colon < 0 {
				colon = i
			}
		case '@':
			last = i
		case '/', '?', '#', ' ', '\n', '\t', '\r', '"', '\'', '<', '>', '`', ',':
			break scan
		}
	}
	if colon < 0 || last <= colon+1 {
		return 0, 0, false
	}
	value := s[colon+1 : last]
	if strings.ContainsAny(value[:1], "$<{[*") || strings.Trim(value, "x*.") == "" {
		return 0, 0, false
	}
	return colon + 1, last, true
}
