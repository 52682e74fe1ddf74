package mask

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxLocal  = 64
	maxDomain = 253
)

// matchEmail matches around an "@" (or its percent escape): what is left of it may be long, and a regex that begins with
// a class would be tried at every letter of the text.
func matchEmail(s string, at int) (start, end int, ok bool) {
	after := at + 1
	if s[at] == '%' {
		after = at + 3
	}
	start = localStart(s, at)
	if start == at || inURLUser(s, start) || s[start:at] == "git" {
		return 0, 0, false
	}
	for after < len(s) && s[after] == '@' {
		// An "@" that was written as an escape fills the escape's whole place.
		after++
	}
	end = domainEnd(s, after)
	if end == after || (end < len(s) && s[end] == '(') || isScale(s[after:end]) {
		return 0, 0, false
	}
	return start, end, true
}

// isScale recognises the names of images for dense screens: icon@2x.png.
func isScale(domain string) bool {
	return len(domain) > 3 && isDigit(domain[0]) && domain[1] == 'x' && domain[2] == '.'
}

// localStart walks left from the "@" over the local part.
func localStart(s string, at int) int {
	start := at
	for start > 0 && at-start < maxLocal {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if !inLocal(r) {
			break
		}
		start -= size
	}
	for start < at && strings.IndexByte(".-+'%", s[start]) >= 0 {
		start++
	}
	return start
}

// inLocal leaves out scripts without blanks between words: the sentence before an address is no part of it.
func inLocal(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlnum(byte(r)) || strings.IndexByte("._%+-'", byte(r)) >= 0
	}
	return r < 0x2E80 && unicode.IsLetter(r)
}

// domainEnd walks right over labels and returns the end of the last one that can end a domain; from when there is none.
func domainEnd(s string, from int) int {
	end, label, dots := from, from, 0
	for i := from; i <= len(s) && i-from <= maxDomain; {
		r, size := rune(0), 1
		if i < len(s) {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if inLabel(r) {
			i += size
			continue
		}
		if i == label {
			break
		}
		if dots > 0 && isTopLevel(s[label:i]) {
			end = i
		}
		if r != '.' {
			break
		}
		dots++
		i++
		label = i
	}
	if end > from && end < len(s) && isDigit(s[end]) {
		return from
	}
	return end
}

func inLabel(r rune) bool {
	if r < utf8.RuneSelf {
		return r != 0 && (isAlnum(byte(r)) || r == '-')
	}
	return r < 0x2E80 && unicode.IsLetter(r)
}

// isTopLevel: at least two letters, or the punycode of some.
func isTopLevel(s string) bool {
	if strings.HasPrefix(s, "xn--") {
		return len(s) > 4
	}
	letters := 0
	for _, r := range s {
		if !unicode.IsLetter(r) {
			return false
		}
		letters++
	}
	return letters >= 2 && letters <= 24
}

// inURLUser says whether the place is the password of a URL ("smtp://user:pass@host"): another detector takes that one
// and leaves the host readable.
func inURLUser(s string, at int) bool {
	if at == 0 || s[at-1] != ':' {
		return false
	}
	before := s[max(0, at-128):at]
	scheme := strings.LastIndex(before, "://")
	return scheme >= 0 && !strings.ContainsAny(before[scheme+3:], "/ \n\t\"'")
}
