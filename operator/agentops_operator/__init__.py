"""The AgentOps operator: policies for AI agents on Kubernetes, declared, programmed and enforced."""

__version__ = "0.1.0"
