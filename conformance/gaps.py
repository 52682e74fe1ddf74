"""Cases that an engine does not pass yet. Each is expected to fail, so a gap that is closed must be removed here."""

GAPS: dict[str, dict[str, str]] = {"native": {}, "stub": {}}
"""Engine -> case (with or without its parameters, as `file.py::test_name[parameters]`) -> why."""
