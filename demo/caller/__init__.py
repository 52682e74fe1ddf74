"""An agent that has OpenAI's SDK and nothing else: no base URL, no key, no telemetry."""
