"""The price table that comes with the operator; a target's own price overrides it."""

from functools import cache
from importlib.resources import files

import yaml

from agentops_operator.api.money import micro
from agentops_operator.policies.fallback.types import Provider, Target, TokenPrice


@cache
def _table() -> tuple[str, dict[tuple[Provider, str], TokenPrice]]:
    rows = yaml.safe_load(files("agentops_operator.policies.fallback").joinpath("prices.yaml").read_text(encoding="utf-8"))
    version = rows.pop("version")
    prices = {
        (Provider(provider), model): TokenPrice.model_validate(price)
        for provider, models in rows.items()
        for model, price in models.items()
    }
    return version, prices


def table_version() -> str:
    """Version of the table, shown in statuses and in the plan."""
    return _table()[0]


def price_of(target: Target) -> TokenPrice | None:
    """The target's own price, else the table's, else None: unknown, which is not 0.

    A target with an own endpoint may be a reseller with other prices, so the table does not speak for it.
    """
    if target.price is not None:
        return target.price
    return None if target.endpoint else _table()[1].get((target.provider, target.model))


def micro_prices(price: TokenPrice) -> dict[str, int]:
    """Micro-USD per million tokens by class, as the plan has them."""
    return {name: micro(value) for name, value in price.dump().items()}
