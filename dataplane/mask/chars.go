package mask

import "strings"

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isLetter(c byte) bool { return (c|0x20)-'a' <= 25 }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
func isHex(c byte) bool    { return isDigit(c) || (c|0x20)-'a' <= 5 }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// startsWord says whether a value may begin at i: no letter or digit touches it on the left, but for a percent escape,
// whose digits belong to the character it stands for ("%3Dsk-…").
func startsWord(s string, i int) bool {
	if i == 0 || !isAlnum(s[i-1]) {
		return true
	}
	return i >= 3 && s[i-3] == '%' && isHex(s[i-2]) && isHex(s[i-1])
}

// endsWord says whether a value may end at i.
func endsWord(s string, i int) bool { return i >= len(s) || !isAlnum(s[i]) }

// hasWord says whether a word stands in s, in any case and however it is joined: the word "tax id" is found in "Tax ID",
// "tax_id", "taxId" and "taxids".
func hasWord(s, word string) bool {
	for i := 0; i+1 < len(s); i++ {
		if lower(s[i]) != word[0] || !startsKeyword(s, i) {
			continue
		}
		if end, ok := matchWord(s, i, word); ok && endsKeyword(s, end) {
			return true
		}
	}
	return false
}

// startsKeyword also accepts the hump of a camel-case name.
func startsKeyword(s string, i int) bool {
	return i == 0 || !isLetter(s[i-1]) || (s[i] <= 'Z' && s[i-1] >= 'a')
}

func endsKeyword(s string, i int) bool {
	if i < len(s) && lower(s[i]) == 's' {
		i++
	}
	return i >= len(s) || !isLetter(s[i]) || (s[i] <= 'Z' && s[i-1] >= 'a')
}

func matchWord(s string, i int, word string) (end int, ok bool) {
	for j := 0; j < len(word); j++ {
		if word[j] == ' ' {
			if i < len(s) && strings.IndexByte(" _-.", s[i]) >= 0 {
				i++
			}
			continue
		}
		if i >= len(s) || lower(s[i]) != word[j] {
			return 0, false
		}
		i++
	}
	return i, true
}
