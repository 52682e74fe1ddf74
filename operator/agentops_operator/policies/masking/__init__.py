"""Masking: what is removed from telemetry before it leaves the pod, and from model calls at the gateway."""
