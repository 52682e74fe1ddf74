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

// messageTokens is what a message costs beside its text.
const messageTokens = 4

// InputTokens estimates what a model reads of a JSON value: its strings, and pictures, sounds and documents by the piece.
func InputTokens(raw string) int64 {
	if raw == "" {
		return 0
	}
	return inputTokens(gjson.Parse(raw), 0, false)
}

// inputTokens of a value; inside of a medium its bytes and where they are to be had say nothing about tokens.
func inputTokens(v gjson.Result, depth int, inside bool) int64 {
	switch {
	case v.Type == gjson.String:
		return Tokens(v.Str)
	case v.Type == gjson.Number:
		return 1
	case v.IsArray(), v.IsObject():
		total := int64(0)
		if v.IsObject() {
			medium := mediumTokens(v)
			total, inside = messageTokens+medium, inside || medium > 0
		}
		v.ForEach(func(key, item gjson.Result) bool {
			if inside && item.Type == gjson.String && bytesOf[key.Str] {
				return true
			}
			total += inputTokens(item, depth+1, inside)
			if v.IsObject() && depth > 2 {
				total += Tokens(key.Str)
			}
			return true
		})
		return total
	}
	return 0
}
