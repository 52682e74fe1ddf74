package sidecar

// Outcomes counts requests to the relay; the sidecar has one backend only.
type Outcomes struct{ *Sidecar }

// Declare is of no interest in a sidecar.
func (Outcomes) Declare(string) {}

// Withdraw is of no interest in a sidecar.
func (Outcomes) Withdraw(string) {}

// Delivered takes back that the token was missing.
func (o Outcomes) Delivered(string) { o.Solved(tokenMissing) }

// Failed counts a failed request.
func (o Outcomes) Failed(string, string) { o.sendFailed() }

// CredentialMissing is told when the projected token cannot be read.
func (o Outcomes) CredentialMissing(string, string) {
	o.sendFailed()
	o.Problem(tokenMissing)
}

const tokenMissing = "TokenMissing: the service-account token is not mounted"
