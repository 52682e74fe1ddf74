package plan

// Provider is a kind of provider.
type Provider string

// The providers there are. openai-compatible is any server that speaks OpenAI's protocol; databricks and snowflake do
// under paths of their own.
const (
	OpenAI           Provider = "openai"
	Azure            Provider = "azure"
	Anthropic        Provider = "anthropic"
	Bedrock          Provider = "bedrock"
	Vertex           Provider = "vertex"
	Gemini           Provider = "gemini"
	Databricks       Provider = "databricks"
	Snowflake        Provider = "snowflake"
	Mistral          Provider = "mistral"
	Cohere           Provider = "cohere"
	Groq             Provider = "groq"
	OpenRouter       Provider = "openrouter"
	XAI              Provider = "xai"
	OpenAICompatible Provider = "openai-compatible"
)

// Role is what a file of a credential is.
type Role string

// The roles there are.
const (
	APIKey             Role = "apiKey"
	AccessKeyID        Role = "accessKeyId"
	SecretAccessKey    Role = "secretAccessKey"
	SessionToken       Role = "sessionToken"
	ServiceAccountJSON Role = "serviceAccountJson"
	TenantID           Role = "tenantId"
	ClientID           Role = "clientId"
	ClientSecret       Role = "clientSecret"
)

// Routing says in which order the targets of a route are asked.
type Routing string

// Priority: in the order of the list. Weighted: the first by weight, the others in the order of the list. Latency: the
// fastest of late first. CostFirst: in the order of the list, cheap ones first, on to the next by a signal.
const (
	Priority  Routing = "Priority"
	Weighted  Routing = "Weighted"
	Latency   Routing = "Latency"
	CostFirst Routing = "CostFirst"
)

// Reaction says what a failure leads to.
type Reaction string

// Next asks the next target. Retry asks the same one again, Route.Retries times, then the next. Fail answers the failure.
const (
	Next  Reaction = "Next"
	Retry Reaction = "Retry"
	Fail  Reaction = "Fail"
)

// Signal says that an answer is not good enough.
type Signal string

// SchemaInvalid: the request asked for JSON or a tool call and the answer is none. LowConfidence: see
// Escalation.MinConfidencePercent. ToolError: the newest tool result in the request reports an error. JudgeRule: see
// Escalation.Judge.
const (
	SchemaInvalid Signal = "SchemaInvalid"
	LowConfidence Signal = "LowConfidence"
	ToolError     Signal = "ToolError"
	JudgeRule     Signal = "JudgeRule"
)

// Compression makes prompts shorter.
type Compression string

// Off is the default. Whitespace folds runs of blanks and empty lines outside code.
const (
	Off        Compression = "Off"
	Whitespace Compression = "Whitespace"
)

// GuardMode says what becomes of a text in which a rule matched.
type GuardMode string

// Mask replaces what matched, by the rule's own action. Block refuses the call. Report lets it pass and tells.
const (
	Mask   GuardMode = "Mask"
	Block  GuardMode = "Block"
	Report GuardMode = "Report"
)

// BuiltIn is a set of rules of the engine.
type BuiltIn string

// The sets there are.
const (
	PromptInjection BuiltIn = "PromptInjection"
	HarmfulOutput   BuiltIn = "HarmfulOutput"
)

// Verdict says whether a call may go on where a limit cannot be judged.
type Verdict string

// Deny refuses, Allow lets pass.
const (
	Deny  Verdict = "Deny"
	Allow Verdict = "Allow"
)

// Down says what the forwarder does while no gateway answers.
type Down string

// Refuse answers an error. Direct goes to the provider with the workload's own credentials.
const (
	Refuse Down = "Refuse"
	Direct Down = "Direct"
)

// LimitAction says what happens to the call that would go past a limit.
type LimitAction string

// RefuseCall refuses it; smaller calls of the run may still fit. Hold holds the run until a person decides.
const (
	RefuseCall LimitAction = "Refuse"
	Hold       LimitAction = "Hold"
)

// Unit is what a budget counts.
type Unit string

// Tokens are input and output together; input includes what the provider had in its cache.
const (
	MicroUSD     Unit = "MicroUSD"
	Tokens       Unit = "Tokens"
	InputTokens  Unit = "InputTokens"
	OutputTokens Unit = "OutputTokens"
	Requests     Unit = "Requests"
)

// WindowKind says when a budget starts anew.
type WindowKind string

// The windows there are.
const (
	Hour    WindowKind = "Hour"
	Day     WindowKind = "Day"
	Week    WindowKind = "Week"
	Month   WindowKind = "Month"
	Rolling WindowKind = "Rolling"
)

// Scope says who shares one count of a budget.
type Scope string

// PerAgent: each agent has its own. Shared: all agents that name the budget. Team, UseCase: those of one team or use
// case. EndUser: each end user of an agent, as the client names them.
const (
	PerAgent  Scope = "Agent"
	Shared    Scope = "Shared"
	ByTeam    Scope = "Team"
	ByUseCase Scope = "UseCase"
	ByEndUser Scope = "EndUser"
)

// StepAction is what a rung of a ladder does.
type StepAction string

// Alert tells only. CheaperModel leads aliases to other routes. ReadOnlyTools takes all tools but Agent.ReadOnlyTools out
// of requests. HoldRun holds runs for a person. BlockCalls refuses calls.
const (
	Alert         StepAction = "Alert"
	CheaperModel  StepAction = "CheaperModel"
	ReadOnlyTools StepAction = "ReadOnlyTools"
	HoldRun       StepAction = "Hold"
	BlockCalls    StepAction = "Block"
)

// Mode says whether a budget acts.
type Mode string

// Enforce acts. Shadow counts what it would have done.
const (
	Enforce Mode = "Enforce"
	Shadow  Mode = "Shadow"
)
