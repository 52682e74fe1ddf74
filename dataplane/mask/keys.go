package mask

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// minKey is the least length of a hash key: with a short one, all e-mail addresses of a company can be tried out.
const minKey = 16

// Keys holds the key of the Hash action. Its zero value has none: Hash then acts as Redact.
type Keys struct{ current []byte }

// NewKeys takes the key itself; blanks around it do not count, since editors and shells add them.
func NewKeys(key []byte) (Keys, error) {
	key = bytes.TrimSpace(key)
	if len(key) < minKey {
		return Keys{}, fmt.Errorf("hash key: %d bytes: write at least %d random bytes", len(key), minKey)
	}
	return Keys{current: bytes.Clone(key)}, nil
}

// LoadKeys reads the file "current" of a directory. An absent file is no error: Hash then acts as Redact.
func LoadKeys(dir string) (Keys, error) {
	data, err := os.ReadFile(filepath.Join(dir, "current"))
	if errors.Is(err, fs.ErrNotExist) {
		return Keys{}, nil
	}
	if err != nil {
		return Keys{}, fmt.Errorf("hash key: %w", err)
	}
	return NewKeys(data)
}

// Present says whether Hash can hash.
func (k Keys) Present() bool { return len(k.current) > 0 }

// Equal says whether both hold the same key, in constant time.
func (k Keys) Equal(other Keys) bool { return hmac.Equal(k.current, other.current) }

// digest is the stable mark of a value: the first 12 hexadecimal digits of its HMAC.
func (k Keys) digest(value string) string {
	mac := hmac.New(sha256.New, k.current)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil)[:6])
}
