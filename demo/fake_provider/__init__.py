"""A model provider for tests and the demo: the APIs of OpenAI and Anthropic, scripted answers, faults on demand, and a bill."""
