"""Tracing: what is captured, how much of it is kept, and where it goes."""
