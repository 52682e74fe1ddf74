"""Every command line that the documentation shows, found by its first word."""

import re
import shlex
from dataclasses import dataclass

from demo.images import ROOT

PAGES = ("README.md", "CONTRIBUTING.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")))
PROGRAMS = ("agentops", "agentops-mask", "docker", "go", "helm", "kubectl", "make", "openssl", "python", "python3")
FENCE = re.compile(r"^```(?:\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
SETTING = re.compile(r"^(?:[A-Z_]+=\S+ )+")
APART = re.compile(r'\||[<$]\(|\)"?(?:\s|$)')
NOTE = re.compile(r"\s+#.*$")
# What a reader puts in stands for itself.
STAND_IN = {"...": "", "<name>": "name", "<any-name>": "any-name", "[AGENT]": "AGENT", "|zsh|fish": ""}


@dataclass(frozen=True)
class Shown:
    """One command as a page shows it."""

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        """The words that a shell would pass on."""
        return shlex.split(self.line)

    def __str__(self) -> str:
        """Page and command, for the name of a test."""
        return f"{self.page}: {self.line}"


def shown() -> list[Shown]:
    """Commands of all pages, each once, in the order of the pages."""
    found = (Shown(page, line) for page in PAGES for line in _lines((ROOT / page).read_text()))
    return list(dict.fromkeys(found))


def _lines(text: str) -> list[str]:
    fenced = [line for block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return [command for line in (*fenced, *INLINE.findall(FENCE.sub("", text))) for command in _commands(line)]


def _commands(line: str) -> list[str]:
    """The commands of a line: those between pipes and in substitutions, without prompt, settings, redirection and notes."""
    plain = NOTE.sub("", line.strip()).removeprefix("$ ")
    for text, instead in STAND_IN.items():
        plain = plain.replace(text, instead)
    parts = (SETTING.sub("", part.strip()) for part in APART.split(plain))
    commands = (" ".join(part.split(" < ")[0].split()) for part in parts)
    return [command for command in commands if command.split(" ")[0] in PROGRAMS and " " in command]
