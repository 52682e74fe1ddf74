"""The gateway: its plan compiled from Agents, ProviderFallbacks and Budgets, its objects, and what was observed of it."""
