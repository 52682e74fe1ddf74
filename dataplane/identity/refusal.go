package identity

import "net/http"

// Reason says why a token was refused; it is a label of the counters of refusals.
type Reason string

// Every reason there is.
const (
	// NoToken: the request has no bearer token.
	NoToken Reason = "NoToken"
	// Malformed: the token is no signed JWT of an accepted kind.
	Malformed Reason = "Malformed"
	// UnknownKey: the issuer has no key of that name.
	UnknownKey Reason = "UnknownKey"
	// KeysUnavailable: the issuer's keys cannot be read just now; the client may try again.
	KeysUnavailable Reason = "KeysUnavailable"
	// BadSignature: the key did not sign this token.
	BadSignature Reason = "BadSignature"
	// Expired: the token is too old, or not valid yet.
	Expired Reason = "Expired"
	// WrongIssuer: another cluster issued the token.
	WrongIssuer Reason = "WrongIssuer"
	// WrongAudience: the token was made for something else.
	WrongAudience Reason = "WrongAudience"
	// NamespaceMismatch: a pod of one namespace claims to be an agent of another.
	NamespaceMismatch Reason = "NamespaceMismatch"
	// ServiceAccountMismatch: the agent is bound to another service account.
	ServiceAccountMismatch Reason = "ServiceAccountMismatch"
	// NotBound: the token belongs to no pod.
	NotBound Reason = "NotBound"
)

// Refusal is the error of a token that is not accepted.
type Refusal struct{ Reason Reason }

func (r *Refusal) Error() string { return "refused: " + string(r.Reason) }

// Retry says whether the same request may be accepted later; anything else makes the sender drop its data.
func (r *Refusal) Retry() bool { return r.Reason == KeysUnavailable }

// Refuse answers a request whose token was not accepted.
func Refuse(w http.ResponseWriter, refusal *Refusal) {
	if refusal.Retry() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, refusal.Error(), http.StatusServiceUnavailable)
		return
	}
	http.Error(w, refusal.Error(), http.StatusUnauthorized)
}
