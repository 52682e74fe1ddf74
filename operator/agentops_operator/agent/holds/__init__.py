"""Runs that wait for a person: the record, and what it says."""
