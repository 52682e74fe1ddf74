"""Whether an expression is RE2, as far as that can be told without the library that the API server uses."""

import re
import warnings
from importlib import import_module

from agentops_operator.api.model import Json

MAX_REPEAT = 1000
# What Python's expressions have and RE2's have not: patterns with them run in exponential time, or need a look around.
FOREIGN = (
    (re.compile(r"\(\?(=|!|<=|<!)"), "look-around"),
    (re.compile(r"\(\?P=|\\[1-9](?!\d)"), "a back reference"),
    (re.compile(r"\(\?>"), "an atomic group"),
    (re.compile(r"\(\?\("), "a conditional"),
    (re.compile(r"\(\?#"), "a comment group"),
    (re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\+"), "a possessive quantifier"),
    (re.compile(r"\\Z"), r"\Z (write \z)"),
    (re.compile(r"\(\?[a-zA-Z]*[Laux]"), "a flag other than i, m, s, U"),
)
REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z",
    "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
ESCAPED = re.compile(r"\\[^0-9Z]", re.DOTALL)  # a letter after a backslash is no operator; digits and Z are judged
CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]")
# Errors that both languages share. Any other may be a difference between them, on which Python has no say.
SHARED_ERRORS = ("missing )", "unterminated character set", "unbalanced parenthesis", "multiple repeat")
ONLY_RE2 = re.compile(r"\\[pPQECuUNx]|\{,|\(\?[a-z]*U|.\(\?-?[ims]+\)|\[:\^|\\\d\d|\[[^\]]*\\[0-9bBAz]")


class UnsureError(Exception):
    """The expression uses what only RE2 itself can judge."""


def problem(pattern: str) -> str:
    """Why the expression is refused; empty when it is fine.

    Raises:
        UnsureError: it cannot be told offline.
    """
    library = _library()
    return _judged_alone(pattern) if library is None else _judged_by_library(library, pattern)


def _judged_alone(pattern: str) -> str:
    plain = CLASS.sub("c", ESCAPED.sub("e", pattern))
    for foreign, name in FOREIGN:
        if foreign.search(plain):
            return f"RE2 has no such thing: {name}"
    if any(int(number) > MAX_REPEAT for hit in REPEAT.finditer(plain) for number in (hit[1], hit[2] or "0")):
        return f"RE2 repeats at most {MAX_REPEAT} times"
    return _judged_by_python(pattern)


def _library() -> Json:
    try:
        return import_module("re2")
    except ImportError:
        return None


def _judged_by_library(library: Json, pattern: str) -> str:
    options = library.Options()
    options.log_errors = False  # the library writes to standard error, where programs expect our messages
    try:
        compiled = library.compile(pattern, options)
    except library.error as error:
        told = error.args[0] if error.args else error
        return f"no RE2 expression: {told.decode(errors='replace') if isinstance(told, bytes) else told}"
    return "it matches the empty text" if compiled.search("") else ""


def _judged_by_python(pattern: str) -> str:
    if ONLY_RE2.search(pattern):
        raise UnsureError(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns where its own meaning will change: no ground for a verdict
            compiled = re.compile(_translated(pattern))
    except Warning as error:
        raise UnsureError(pattern) from error
    except re.error as error:
        if error.msg.startswith(SHARED_ERRORS):
            return f"no RE2 expression: {error}"
        raise UnsureError(pattern) from error
    return "it matches the empty text" if compiled.search("") else ""


def _translated(pattern: str) -> str:
    """The same expression in Python's words."""
    classes = re.sub(r"(?<=\[)\[:(\w+):\]|(?<=\[\^)\[:(\w+):\]", _posix, pattern)
    if "[:" in classes or ("[:" in pattern and "\\" in pattern):
        raise UnsureError(pattern)  # whether it stands inside a class, which alone gives it a meaning, takes a parser
    return classes.replace("(?<", "(?P<").replace(r"\z", r"\Z")


def _posix(hit: re.Match[str]) -> str:
    name = hit[1] or hit[2]
    if name not in POSIX:
        raise UnsureError(hit[0])
    return POSIX[name]
