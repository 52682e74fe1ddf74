"""Budgets: what Agents may use in a window, and what happens on the way to the limit."""
