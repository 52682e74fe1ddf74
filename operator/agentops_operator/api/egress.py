"""What policies and Agents say of where pods may connect to."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from agentops_operator.api.model import cel


class EgressMode(StrEnum):
    """Whether pods may connect to what no allow-list contains."""

    UNRESTRICTED = "Unrestricted"
    ENFORCED = "Enforced"


# Half of the internet is no allow-list: what is this wide is nearly always a mistake, and two of them would be everything.
WIDE = "a network such as 10.20.0.0/16, and at most a /8, or a /16 of IPv6: a wider one opens what Enforced closes"
CIDR_RULE = cel(
    "isCIDR(self) && cidr(self).prefixLength() >= (cidr(self).ip().family() == 4 ? 8 : 16)",
    f"cidr must be {WIDE}",
)
CIDRS_RULE = cel(
    "self.all(c, isCIDR(c) && cidr(c).prefixLength() >= (cidr(c).ip().family() == 4 ? 8 : 16))",
    f"each of allowedCidrs must be {WIDE}",
)
Cidr = Annotated[str, StringConstraints(max_length=43)]
