"""The cases; each says by `@proves` which fields of the plan, or which behaviours, it proves."""
