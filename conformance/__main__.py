"""Runs the suite against an engine: `python -m conformance --engine native`; `--write` keeps its report, `--soak` takes minutes.

Exit code 0: every case passed or is a known gap, and the report is the one that is kept. Further options go to pytest; a run with
some, which may have left cases out, is compared to nothing.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from conformance import ROOT
from conformance.report import BROKEN, ENFORCED, PAGE, REPORTS, UNTESTED, dump, page, read_reports

CASES = ROOT / "conformance" / "cases"


def main() -> int:
    """Runs, prints, compares or writes."""
    options = _options()
    out = ROOT / "build" / "conformance" / f"{options.engine}.json"
    out.unlink(missing_ok=True)
    marks = "soak" if options.soak else "not soak"
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(CASES),
        "-m",
        marks,
        f"--engine={options.engine}",
        f"--report={out}",
        *options.rest,
    ]
    code = subprocess.run([*command, *options.rest], cwd=ROOT, check=False).returncode
    if options.soak or options.rest or not out.exists():
        return code
    report = json.loads(out.read_text())
    _say(options.engine, report)
    if options.write:
        REPORTS.mkdir(exist_ok=True)
        (REPORTS / out.name).write_text(dump(report))
        PAGE.write_text(page(read_reports()))
        return code
    return code or _compare(out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--engine", default="native", help="native or stub")
    parser.add_argument("--write", action="store_true", help="keep the report and write docs/conformance.md")
    parser.add_argument("--soak", action="store_true", help="only the cases that take minutes")
    options, options.rest = parser.parse_known_args()
    return options


def _say(engine: str, report: dict[str, dict[str, dict[str, object]]]) -> None:
    """A line for what is not enforced or not tested, and the sums."""
    entries = {**report["fields"], **report["behaviours"]}
    for verdict in (BROKEN, UNTESTED):
        for name, entry in entries.items():
            if entry["verdict"] == verdict:
                print(f"{verdict:13} {name}")
    verdicts = [entry["verdict"] for entry in entries.values()]
    sums = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in (ENFORCED, BROKEN, UNTESTED))
    print(f"\n{engine}: of {len(entries)} fields and behaviours {sums}")


def _compare(out: Path) -> int:
    """What an engine is said to support must be what it was seen to do."""
    kept = REPORTS / out.name
    if kept.exists() and kept.read_text() == out.read_text():
        return 0
    print(f"{kept.relative_to(ROOT)} is not what was measured: `make conformance-report` writes it anew; look at the difference")
    return 1


if __name__ == "__main__":
    sys.exit(main())
