"""Provider fallback: which models an alias leads to, and what happens when one of them fails."""
