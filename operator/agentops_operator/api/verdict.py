"""The answer to a question that cannot be decided just now."""

from enum import StrEnum


class Verdict(StrEnum):
    """Whether a call may go on where a limit cannot be judged."""

    DENY = "Deny"
    ALLOW = "Allow"
