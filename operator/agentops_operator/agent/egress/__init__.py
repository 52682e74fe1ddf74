"""Egress of an Agent's pods: the allow-list, the NetworkPolicy that it becomes, and whether that was seen to hold."""
