"""The command line, the choice of the layer, and what is said to the user."""

import ast
import os
import sys
from pathlib import Path

import pytest

from devcluster import cli, layers, packages, progress, record, status
from devcluster.arguments import parser, split
from devcluster.commands import run
from devcluster.errors import DevclusterError
from devcluster.paths import DEFAULT_NAME, NAME_VARIABLE, Cluster
from devcluster.waiting import wait_until


@pytest.mark.parametrize(
    ("given", "docker", "kind", "layer"),
    [
        (Path("file"), True, True, record.GIVEN),
        (None, True, True, record.KIND),
        (None, True, False, record.OWN),
        (None, False, True, record.OWN),
        (None, False, False, record.OWN),
    ],
)
def test_first_possible_layer(given, docker, kind, layer):
    """What the user names comes first, our own node last."""
    assert layers.choose(given, docker, kind) == layer


def test_a_kubeconfig_that_nobody_named_is_not_used(monkeypatch):
    """KUBECONFIG may point to production; only our own variable counts."""
    monkeypatch.setenv("KUBECONFIG", "/production")
    assert layers.VARIABLE == "AGENTOPS_KUBECONFIG"
    assert layers.choose(None, docker_answers=False, kind_installed=False) == record.OWN


def test_a_named_file_must_exist():
    """A typing error does not start a node instead."""
    with pytest.raises(DevclusterError, match="/no/such/file does not exist"):
        layers.start(Cluster("unit"), "/no/such/file")


def test_one_name_is_one_cluster(tmp_path):
    """Naming another kubeconfig does not silently go on with the node that runs."""
    cluster = Cluster("unit")
    record.write(cluster, record.Record(record.OWN))
    cluster.kubeconfig.touch()
    with pytest.raises(DevclusterError, match="unit is another cluster already"):
        layers.refuse_another(cluster, str(tmp_path / "other"))
    layers.refuse_another(cluster, None)
    layers.refuse_another(cluster, str(cluster.kubeconfig))


def test_kubectl_gets_its_own_dashes():
    """Options after kubectl are not ours, even when they have the same name."""
    own, passed = split(["--name", "a", "kubectl", "-n", "x", "--name", "y"])
    assert (own, passed) == (["--name", "a", "kubectl"], ["-n", "x", "--name", "y"])


@pytest.mark.parametrize("words", [["--name", "second", "up"], ["up", "--name", "second"]])
def test_name_on_either_side(words):
    """Nobody remembers on which side of the command an option belongs."""
    assert parser().parse_args(words).name == "second"


def test_default_name():
    """Without a name it is the cluster of the demo."""
    assert parser().parse_args(["up"]).name == DEFAULT_NAME


def test_help_has_examples(capsys):
    """The help shows lines that can be copied."""
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    assert "python3 -m devcluster image load" in capsys.readouterr().out


def test_exports_survive_a_shell(tmp_path):
    """`eval` of the printed lines gives exactly these values, also with a blank in a path."""
    directory = tmp_path / "a b"
    lines = cli.exports(cli.shell_environment(Cluster("unit"), directory, "$PATH"))
    script = 'PATH=/bin; eval "$1"; printf "%s|%s" "$PATH" "$KUBECONFIG"'
    printed = run(["sh", "-c", script, "-", lines])
    assert printed == f"{directory}:/bin|{Cluster('unit').kubeconfig}"


def test_an_error_is_one_message(capsys):
    """No traceback for what the user can solve."""
    assert cli.main(["image", "load", "absent:dev"]) == 1
    assert capsys.readouterr().err.startswith("error: absent:dev was not built")


def test_status_without_a_cluster(capsys):
    """The exit code says it: not ready."""
    assert cli.main(["status"]) == 1
    assert f"cluster {DEFAULT_NAME}: not started" in capsys.readouterr().out


def test_not_ready_without_programs():
    """A record alone is not a cluster."""
    record.write(Cluster("unit"), record.Record(record.OWN))
    assert not status.ready(Cluster("unit"))


def test_address_of_the_node():
    """Known for our own node; for another cluster there is a message, not an empty string."""
    record.write(Cluster("unit"), record.Record(record.OWN, "10.207.0.2"))
    assert record.node_ip(Cluster("unit")) == "10.207.0.2"
    record.write(Cluster("unit"), record.Record(record.GIVEN))
    with pytest.raises(DevclusterError, match="no running node of ours"):
        record.node_ip(Cluster("unit"))


def test_packages_to_install():
    """Only what is absent, each package once."""
    assert packages.absent({"a": "one", "b": "two", "c": "two"}, exists=lambda program: program == "a") == ["two"]


def test_without_apt_the_packages_are_named(monkeypatch):
    """On another distribution the user learns what to install and what works without it."""
    monkeypatch.setattr(packages.shutil, "which", lambda *_args, **_kwargs: None)
    with pytest.raises(DevclusterError, match=r"the packages nothing hold.*make test-fast"):
        packages.install({"absent-program": "nothing"})


def test_a_failed_program_shows_its_last_lines():
    """The message holds the command and what it said."""
    with pytest.raises(DevclusterError, match=r"(?s)`sh -c echo why; exit 3` failed \(3\):\nwhy"):
        run(["sh", "-c", "echo why; exit 3"])


def test_an_absent_program_is_named():
    """Not a FileNotFoundError about nothing in particular."""
    with pytest.raises(DevclusterError, match="the program no-such-program is not installed"):
        run(["no-such-program"])


def test_waiting_names_the_fact():
    """A time-out says what never happened and where to look."""
    with pytest.raises(DevclusterError, match=r"the node is ready: not within 0 s\. See x\.log"):
        wait_until(lambda: False, "the node is ready", 0, "See x.log", pause=0)


def test_progress_bar():
    """The bar shows the share that is done."""
    counter = progress.Counter("kubernetes", 4, "packages compiled")
    counter.count = 2
    assert counter.bar() == "[############............] kubernetes: 2 of about 4 packages compiled"


def test_progress_never_exceeds_its_total():
    """The expected number is an estimate; more of it is still 100 %."""
    counter = progress.Counter("x", 1, "packages")
    counter.advance()
    counter.advance()
    assert counter.line() == "x: 1 of about 1 packages"


def test_only_the_standard_library_is_imported():
    """The tool has to run before anything is installed."""
    files = Path(cli.__file__).parent.rglob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.split(".")[0] for name in names} <= {"devcluster", *sys.stdlib_module_names}


def test_another_cluster_is_named_once_for_all_commands():
    """Tests and demo call the tool many times; one of them on the wrong cluster would change what the user works with."""
    program = "from devcluster.paths import Cluster; print(Cluster().name)"
    seen = {}
    for name in ("", "second"):
        env = {**os.environ, NAME_VARIABLE: name}
        seen[name] = run([sys.executable, "-c", program], env=env).strip()
    assert seen == {"": "agentops", "second": "second"}
