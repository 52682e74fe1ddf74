"""Fixtures of the cases, and the collection of their outcomes for the report."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from conformance.engines import Engine, engine_of
from conformance.gaps import GAPS
from conformance.issuer import Issuer
from conformance.lab import Lab
from conformance.proves import proven_by
from conformance.provider import Provider
from conformance.report import Results, dump
from conformance.store import Store

RESULTS = pytest.StashKey[Results]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which engine, and where its report goes."""
    parser.addoption("--engine", default="native", help="the engine under test: native or stub")
    parser.addoption("--report", default="", help="file for the report as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing has run yet."""
    config.addinivalue_line("markers", "proves(*names): fields of the plan, or behaviours, that a case proves")
    config.addinivalue_line("markers", "soak: takes minutes; `make soak`")
    config.stash[RESULTS] = Results()


def case_name(item: pytest.Item) -> str:
    """`file.py::test_name[parameters]`."""
    return f"{item.path.name}::{item.name}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cases that the engine is known not to pass are expected to fail."""
    gaps = GAPS[config.getoption("--engine")]
    for item in items:
        name = case_name(item)
        config.stash[RESULTS].proves[name] = proven_by(item)
        reason = gaps.get(name) or gaps.get(name.split("[", maxsplit=1)[0])
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remembers what passed: a case passes when its set-up, call and tear-down do, and an expected failure is none."""
    report = yield
    passed = item.config.stash[RESULTS].passed
    name = case_name(item)
    if report.skipped and not hasattr(report, "wasxfail"):
        passed.pop(name, None)  # a case that was left out says nothing
    elif report.when == "setup" or not report.passed:
        passed[name] = report.passed
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the report."""
    path = session.config.getoption("--report")
    if path:
        report = session.config.stash[RESULTS].as_json(session.config.getoption("--engine"))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(dump(report))


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine under test."""
    return engine_of(request.config.getoption("--engine"))


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The played providers, one process for all cases."""
    provider = Provider(tmp_path_factory.mktemp("provider"))
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """One Redis for all cases. It survives kill -9 in memory as well, and a slow disk would look like a store that is away."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="conformance-", dir=memory if memory.is_dir() else None) as directory:
        store = Store(Path(directory))
        yield store
        store.kill()


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """One issuer for all cases."""
    return Issuer()


@pytest.fixture
async def lab(engine: Engine, provider: Provider, store: Store, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Lab]:
    """A world in which nothing has happened."""
    provider.reset()
    store.flush()
    lab = Lab(engine, provider, store, issuer, tmp_path)
    yield lab
    logs = await lab.close()
    print(logs)  # shown by pytest where a case fails
