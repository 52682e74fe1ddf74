package conventions

// Names of the current conventions that more than one component reads.
const (
	OperationName  = "gen_ai.operation.name"
	ProviderName   = "gen_ai.provider.name"
	RequestModel   = "gen_ai.request.model"
	ResponseModel  = "gen_ai.response.model"
	AgentName      = "gen_ai.agent.name"
	ToolName       = "gen_ai.tool.name"
	InputMessages  = "gen_ai.input.messages"
	OutputMessages = "gen_ai.output.messages"
	InputTokens    = "gen_ai.usage.input_tokens"
	OutputTokens   = "gen_ai.usage.output_tokens"
	FinishReasons  = "gen_ai.response.finish_reasons"

	// CostUSD is set by gateways and instrumentations that know a call's price; nothing here computes it.
	CostUSD = "dev.agentops.cost.usd"
)

// Identity is what the relay states about every item. A client that sends one of these is overwritten.
const (
	Namespace = "k8s.namespace.name"
	PodName   = "k8s.pod.name"
	PodUID    = "k8s.pod.uid"
	Agent     = "dev.agentops.agent"
	Team      = "dev.agentops.team"
	UseCase   = "dev.agentops.use_case"
	// Source is FromGateway on what the gateway says, and absent on everything else.
	Source = "dev.agentops.source"

	// ReportedAgent keeps the name that a span gave to a sub-agent: the name itself is the identity's.
	ReportedAgent = "dev.agentops.reported_agent"
)

// FromGateway is the value of Source.
const FromGateway = "gateway"

// RunID names the run on what tells of one; RunEvent is what happened to it.
const (
	RunID    = "dev.agentops.run.id"
	RunEvent = "dev.agentops.run.event"
)

// IdentityKeys lists every key that only the relay may write.
var IdentityKeys = []string{Namespace, PodName, PodUID, AgentName, Agent, Team, UseCase, Source}

// IsIdentity says whether only the relay may write the key.
func IsIdentity(key string) bool {
	switch key {
	case Namespace, PodName, PodUID, AgentName, Agent, Team, UseCase, Source:
		return true
	}
	return false
}
