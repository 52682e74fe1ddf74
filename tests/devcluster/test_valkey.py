"""Where Valkey is looked for; fetching it is what `make test-valkey` does."""

import pytest

from devcluster.errors import DevclusterError
from devcluster.valkey import mirror

TARGETS = """Other nodistro https://node.example/
Debian bookworm-updates http://mirror.example/debian/
Debian bookworm-security http://mirror.example/debian-security/
Debian bookworm http://mirror.example/debian/
"""


def test_backports_are_looked_for_where_the_machine_installs_from() -> None:
    """No address of ours: an installation behind a mirror has no other."""
    assert mirror(TARGETS) == ("http://mirror.example/debian/", "bookworm")


def test_another_distribution_is_told_what_to_do() -> None:
    """Its packages are its own business."""
    with pytest.raises(DevclusterError, match="valkey-server is not here"):
        mirror("Ubuntu noble http://mirror.example/ubuntu/\n")
