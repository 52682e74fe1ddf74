"""Placeholder."""


def pages() -> dict[str, str]:
    """No pages yet."""
    return {}
