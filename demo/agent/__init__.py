"""An agent of somebody else: a public framework with its own instrumentation. It knows nothing of AgentOps."""
