// Package canonical names a file by its content, the same way as the operator does in another language.
package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Digest is "sha256:<hex>" of the canonical JSON of an object without its field "digest".
//
// Canonical JSON has sorted keys, no blanks, numbers as written, and escapes only what JSON requires: the operator
// computes the same bytes in another language, and any liberty here would refuse its files.
func Digest(data []byte) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		return "", err
	}
	delete(doc, "digest")
	sum := sha256.Sum256(appendCanonical(nil, doc))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

func appendCanonical(out []byte, value any) []byte {
	switch v := value.(type) {
	case map[string]any:
		return appendCanonicalObject(out, v)
	case []any:
		out = append(out, '[')
		for i, item := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendCanonical(out, item)
		}
		return append(out, ']')
	case string:
		return AppendQuoted(out, v)
	case nil:
		return append(out, "null"...)
	default:
		return fmt.Append(out, v)
	}
}

func appendCanonicalObject(out []byte, object map[string]any) []byte {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = AppendQuoted(out, key)
		out = append(out, ':')
		out = appendCanonical(out, object[key])
	}
	return append(out, '}')
}

// AppendQuoted writes s as a JSON string with the fewest escapes JSON allows.
func AppendQuoted(out []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	out = append(out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			out = utf8.AppendRune(out, r)
			i += size
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\b':
			out = append(out, '\\', 'b')
		case c == '\f':
			out = append(out, '\\', 'f')
		case c < 0x20:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
