package limits

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

const (
	maxName  = 128
	maxValue = 512
	namesAre = "give 1 to 128 characters of A-Z a-z 0-9 . _ : / -"
)

// validName keeps ids short and free of what has a meaning in keys: "{" and "}" would change the hash slot.
func validName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.' || c == '_' || c == ':' || c == '/' || c == '-':
		default:
			return false
		}
	}
	return true
}

func agentRoot(agent string) string { return "ao:{a:" + agent + "}" }

var scopeLetters = map[ScopeKind]string{AgentScope: "a", SharedScope: "s", TeamScope: "t", UseCaseScope: "u", EndUserScope: "e"}

// root of the slot that holds the scope. Names of people, and what would not fit into a key, are hashed.
func (s Scope) root() (string, error) {
	letter, known := scopeLetters[s.Kind]
	switch {
	case !known:
		return "", &ErrInvalid{"scope.kind", string(s.Kind), "give Agent, Shared, Team, UseCase or EndUser"}
	case s.Value == "" || len(s.Value) > maxValue:
		return "", &ErrInvalid{"scope.value", strconv.Itoa(len(s.Value)) + " bytes", "give 1 to 512 bytes"}
	case s.Kind == AgentScope && !validName(s.Value):
		return "", &ErrInvalid{"scope.value", s.Value, namesAre}
	case s.Kind == EndUserScope || !validName(s.Value):
		sum := sha256.Sum256([]byte(s.Value))
		return "ao:{" + letter + ":#" + hex.EncodeToString(sum[:16]) + "}", nil
	}
	return "ao:{" + letter + ":" + s.Value + "}", nil
}

func (c *Call) check() error {
	a := c.Most
	switch {
	case !validName(c.ID):
		return &ErrInvalid{"call.id", c.ID, namesAre}
	case !validName(c.Agent):
		return &ErrInvalid{"call.agent", c.Agent, namesAre}
	case c.Run != "" && !validName(c.Run):
		return &ErrInvalid{"call.run", c.Run, namesAre}
	case c.Timeout.Milliseconds() < 1:
		return &ErrInvalid{"call.timeout", c.Timeout.String(), "give the longest time that the call can take"}
	case len(c.Charges) > maxCharge:
		return &ErrInvalid{"call.charges", strconv.Itoa(len(c.Charges)), "give at most 64"}
	}
	return a.check()
}

func (a Amounts) check() error {
	for _, f := range []struct {
		name  string
		value int64
	}{{"inputTokens", a.InputTokens}, {"outputTokens", a.OutputTokens}, {"microUSD", a.MicroUSD}} {
		if f.value < 0 || f.value > maxAmount {
			return &ErrInvalid{f.name, strconv.FormatInt(f.value, 10), "give 0 to 2^50"}
		}
	}
	return nil
}
