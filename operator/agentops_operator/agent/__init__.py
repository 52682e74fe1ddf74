"""The Agent and the pure step from everything known of it to everything that should exist for it."""
