"""What the provider would charge; the ground truth for every count of tokens and cost."""

from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """USD for a million tokens."""

    input: float
    output: float


PRICES = {
    "gpt-4o": Price(2.50, 10.00),
    "gpt-4o-mini": Price(0.15, 0.60),
    "text-embedding-3-small": Price(0.02, 0.0),
    "claude-sonnet-4-5": Price(3.00, 15.00),
    "claude-haiku-4-5": Price(1.00, 5.00),
}
"""Models that the provider serves; any other is unknown to it."""


@dataclass
class Charge:
    """Sums of one model."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Bill:
    """Sums of all models. A failed call is counted and costs nothing."""

    def __init__(self) -> None:
        self._charges: dict[str, Charge] = {}

    def charge(self, model: str, input_tokens: int, output_tokens: int) -> None:
        """Books a call that was answered, or whose answer was cut: what was sent is paid."""
        charge = self._charges.setdefault(model, Charge())
        charge.calls += 1
        charge.input_tokens += input_tokens
        charge.output_tokens += output_tokens

    def fail(self, model: str) -> None:
        """Books a call that got an error instead of an answer."""
        self._charges.setdefault(model, Charge()).failed += 1

    def clear(self) -> None:
        """Starts anew."""
        self._charges.clear()

    def as_json(self) -> dict[str, object]:
        """The bill by model, with the sum in USD."""
        models = {model: _line(model, charge) for model, charge in sorted(self._charges.items())}
        return {"models": models, "usd": round(sum(float(line["usd"]) for line in models.values()), 9)}


def _line(model: str, charge: Charge) -> dict[str, float]:
    price = PRICES.get(model, Price(0, 0))
    usd = (charge.input_tokens * price.input + charge.output_tokens * price.output) / MILLION
    return {
        "calls": charge.calls,
        "failed": charge.failed,
        "inputTokens": charge.input_tokens,
        "outputTokens": charge.output_tokens,
        "usd": round(usd, 9),
    }
