package api

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Tokens estimates how many tokens a text is: four bytes of ASCII are one, and so is every other character.
func Tokens(text string) int64 {
	ascii, other := int64(0), int64(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < utf8.RuneSelf:
			ascii++
		case utf8.RuneStart(c):
			other++
		}
	}
	return (ascii+3)/4 + other
}

const (
	// imageTokens stands for a picture or a file, whose bytes say little about its tokens.
	imageTokens = 1600
	// messageTokens is what a message costs beside its text.
	messageTokens = 4
)

// InputTokens estimates what a model reads of a JSON value: its strings, pictures by the piece.
func InputTokens(raw string) int64 {
	if raw == "" {
		return 0
	}
	return inputTokens(gjson.Parse(raw), 0)
}

func inputTokens(v gjson.Result, depth int) int64 {
	switch {
	case v.Type == gjson.String:
		if isData(v) {
			return imageTokens
		}
		return Tokens(v.Str)
	case v.Type == gjson.Number:
		return 1
	case v.IsArray(), v.IsObject():
		total := int64(0)
		v.ForEach(func(key, item gjson.Result) bool {
			total += inputTokens(item, depth+1)
			if v.IsObject() && depth > 2 {
				total += Tokens(key.Str)
			}
			return true
		})
		if v.IsObject() {
			total += messageTokens
		}
		return total
	}
	return 0
}

// isData says whether a string holds bytes rather than text: a data URL, or base64 of some length.
func isData(v gjson.Result) bool {
	s := v.Str
	if len(s) > 64 && s[:5] == "data:" {
		return true
	}
	if len(s) < 4096 {
		return false
	}
	for i := range 512 {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
