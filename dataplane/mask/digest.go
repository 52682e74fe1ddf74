package mask

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// fileDigest is the SHA-256 of the canonical JSON of a rules file without its field "digest".
//
// Canonical JSON has sorted keys, no blanks, numbers as written, and escapes only what JSON requires: the operator
// computes the same bytes in another language, and any liberty here would refuse its files.
func fileDigest(data []byte) (string, error) {
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

func (r *Rules) computeDigest() string {
	data, err := json.Marshal(r)
	if err != nil {
		return ""
	}
	digest, err := fileDigest(data)
	if err != nil {
		return ""
	}
	return digest
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
		return appendQuoted(out, v)
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
		out = appendQuoted(out, key)
		out = append(out, ':')
		out = appendCanonical(out, object[key])
	}
	return append(out, '}')
}

// appendQuoted writes s as a JSON string with the fewest escapes JSON allows.
func appendQuoted(out []byte, s string) []byte {
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
