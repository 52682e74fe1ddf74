package mask

import (
	"encoding/base64"
	"strings"
)

// notSecrets are words that stand where a secret could: types, references, examples.
var notSecrets = map[string]bool{
	"true": true, "false": true, "none": true, "null": true, "nil": true, "undefined": true, "string": true, "str": true,
	"bytes": true, "required": true, "optional": true, "redacted": true, "hidden": true, "masked": true, "secret": true,
	"password": true, "changeme": true, "number": true, "integer": true, "boolean": true, "object": true, "text": true,
	"input": true, "value": true, "unset": true, "empty": true, "removed": true, "filtered": true, "basic": true,
	"bearer": true, "token": true, "kubernetes": true, "default": true,
}

// assignedSecret accepts what stands behind "password=" unless it is plainly code, a reference or an example.
func assignedSecret(s string) bool {
	s = strings.TrimRight(s, ".,;:!?)")
	if len(s) < 4 || notSecrets[strings.ToLower(s)] {
		return false
	}
	if strings.IndexByte("$<{[(*%&/", s[0]) >= 0 || strings.HasPrefix(s, "...") {
		return false
	}
	return !uniformText(s) && !isCode(s)
}

// isCode recognises calls and member access: get_password(, os.environ["X"], config.password.
func isCode(s string) bool {
	if strings.Trim(s, identifier) == "" && namesSecret(strings.ToLower(s)) {
		return true
	}
	name := 0
	for name < len(s) && (isLetter(s[name]) || s[name] == '_') {
		name++
	}
	if name == 0 || name == len(s) {
		return false
	}
	switch s[name] {
	case '(', '[':
		return true
	case '.':
		// Only names follow the dot in code; a digit or a mark makes it a secret.
		rest := strings.TrimLeft(s[name:], identifier+".")
		return rest == "" || rest[0] == '(' || rest[0] == '['
	}
	return false
}

const identifier = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

// namesSecret: a variable that is itself called a key or password is handed on, not written down.
func namesSecret(name string) bool {
	for _, word := range []string{"_key", "_token", "_secret", "password", "passwd", "apikey"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func uniformText(s string) bool { return strings.Trim(s, s[:1]) == "" }

// mixed accepts what holds both letters and digits: no word of prose does.
func mixed(s string) bool {
	letters, digits := 0, 0
	for i := range len(s) {
		switch {
		case isDigit(s[i]):
			digits++
		case isLetter(s[i]):
			letters++
		}
	}
	return letters > 0 && digits > 0 && assignedSecret(s)
}

// basicAuth accepts base64 of "user:password".
func basicAuth(s string) bool {
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return err == nil && strings.IndexByte(string(decoded), ':') >= 0
}

// e164 accepts a country code (never 0) and 7 to 15 digits that are not one digit over and over.
func e164(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	return len(d) >= 8 && len(d) <= 15 && d[0] != 0 && !uniform(d)
}

// phone refuses runs of one digit.
func phone(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	return len(d) >= 7 && len(d) <= 13 && !uniform(d)
}

// token accepts what is long and mixed: short values under "token" are words of a text.
func token(s string) bool { return len(s) >= 16 && !strings.ContainsAny(s, " \n") && mixed(s) }
