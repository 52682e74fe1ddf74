"""Masking: what is removed from telemetry before it leaves the pod."""
