package plan

// Route is what an alias leads to.
type Route struct {
	Routing Routing       `json:"routing"`
	Targets []RouteTarget `json:"targets"`
	// Retries is how often one target is asked again before the next one.
	Retries int `json:"retries"`
	// CooldownSeconds is how long a target rests after FailuresToCooldown failures in a row.
	CooldownSeconds    int64   `json:"cooldownSeconds"`
	FailuresToCooldown int     `json:"failuresToCooldown"`
	OnError            OnError `json:"onError"`
	// Escalation belongs to CostFirst.
	Escalation  *Escalation `json:"escalation,omitempty"`
	Cache       *Cache      `json:"cache,omitempty"`
	Compression Compression `json:"compression,omitempty"`
}

// RouteTarget is a target in a route, in the order of the list.
type RouteTarget struct {
	Target string `json:"target"`
	// Weight counts with routing Weighted only.
	Weight int `json:"weight,omitempty"`
}

// OnError says what each class of failure leads to. Client errors (400, 404, 413, 422 and their like) and refusals of a
// provider's safety system are not in the list: they never lead to another provider.
type OnError struct {
	RateLimited     Reaction `json:"rateLimited"`
	ServerError     Reaction `json:"serverError"`
	Timeout         Reaction `json:"timeout"`
	Connection      Reaction `json:"connection"`
	Unauthorized    Reaction `json:"unauthorized"`
	InvalidResponse Reaction `json:"invalidResponse"`
}

// Escalation says when an answer of a cheap target is not good enough. Answers that are streamed are held back until
// they are judged.
type Escalation struct {
	On []Signal `json:"on"`
	// MinConfidencePercent belongs to LowConfidence: the mean probability of the answer's tokens.
	MinConfidencePercent int `json:"minConfidencePercent,omitempty"`
	// Judge belongs to JudgeRule: an answer that one of these RE2 patterns matches is not good enough.
	Judge []string `json:"judge,omitempty"`
}

// Cache answers a call that is equal to an earlier one of the same agent.
type Cache struct {
	TTLSeconds int64 `json:"ttlSeconds"`
}
