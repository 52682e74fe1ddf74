"""Evaluation: a golden set, a schedule, and a verdict that is never a pass by default."""
