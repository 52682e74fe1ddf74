"""The evaluation runner: asks an agent or reads its traces, applies rules, and leaves a verdict."""
