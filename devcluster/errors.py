"""The one exception of this package."""


class DevclusterError(Exception):
    """Something the user has to know or do; the message is the whole story."""
