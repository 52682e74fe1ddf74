"""Names that the parts of the product agree on."""

FIELD_MANAGER = "agentops-operator"
STATUS_FIELD_MANAGER = "agentops-operator-status"
EVENT_REPORTER = "agentops.dev/operator"

INDEX_NAME = "injection"
RULES_KEY = "rules.v1.json"
RELAY = "agentops-relay"
GATEWAY = "agentops-gateway"
TENANT_GATEWAY = "agentops-tenant-gateway"
TENANT_AUDIENCE = "agentops-tenant-gateway"
PLAN_KEY = "plan.v1.json"

LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "agentops-operator"
LABEL_VERSION = "app.kubernetes.io/version"  # of an Agent: its release
LABEL_AGENT = "agentops.dev/agent"
LABEL_POLICY = "agentops.dev/policy"
LABEL_POLICY_NAMESPACE = "agentops.dev/policy-namespace"
LABEL_INJECTION = "agentops.dev/injection"
LABEL_ON_BYPASS = "agentops.dev/on-bypass"

ANNOTATION_AGENT = "agentops.dev/agent"
ANNOTATION_SIDECAR = "agentops.dev/sidecar"
ANNOTATION_BYPASS = "agentops.dev/bypass"
ANNOTATION_BYPASS_MODELS = "agentops.dev/bypass-models"
ANNOTATION_GATEWAY = "agentops.dev/gateway"
ANNOTATION_SKIPPED = "agentops.dev/skipped"

SECRET_PREFIX = "agentops-"  # noqa: S105  (a prefix of names, not a secret)
