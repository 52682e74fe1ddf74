"""Injection by webhook, for clusters without MutatingAdmissionPolicy: a process of its own that reads indexes only."""
