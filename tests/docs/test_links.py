"""Links of the documentation lead somewhere, and every page can be found."""

import re
from pathlib import Path

import pytest

from demo.images import ROOT

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NOT_IN_AN_ANCHOR = re.compile(r"[^\w\- ]")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def targets(page: Path) -> list[tuple[Path, str]]:
    """Files and anchors that a page leads to; code holds brackets that are no links."""
    text = INLINE.sub("", FENCED.sub("", page.read_text()))
    links = (link.partition("#") for link in LINK.findall(text) if "://" not in link)
    return [((page.parent / file).resolve() if file else page, anchor) for file, _, anchor in links]


def anchors(page: Path) -> set[str]:
    """What a code host makes of the headings of a page."""
    titles = HEADING.findall(FENCED.sub("", page.read_text()))
    return {NOT_IN_AN_ANCHOR.sub("", LINK.sub("]", title).lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A file or a heading that was renamed takes its links along."""
    found = targets(page)
    assert [str(file) for file, _ in found if not file.exists()] == []
    assert [f"{file.name}#{anchor}" for file, anchor in found if anchor and anchor not in anchors(file)] == []


def test_every_page_is_found_from_another() -> None:
    """A page that nothing leads to is read by nobody; decisions are listed by their folder."""
    led_to = {file for page in PAGES for file, _ in targets(page) if file != page}
    wanted = {page for page in PAGES if page.parent.name != "adr"} - {ROOT / "README.md"}
    assert sorted(page.name for page in wanted - led_to) == []
