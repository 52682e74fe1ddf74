"""What the providers would charge; the ground truth for every count of tokens and cost."""

from dataclasses import asdict, astuple, dataclass

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """Micro-USD for a million tokens of each class, so that sums stay whole numbers (of pico-USD)."""

    input: int
    cached: int
    output: int
    written: int = 0
    """Of input that is put into the cache; 0 means the price of input."""
    reasoning: int = 0
    """Of output that the model thought with; 0 means the price of output."""


WHOLE = Price(1_000_000, 100_000, 5_000_000, written=2_000_000, reasoning=6_000_000)
PRICES = {
    "gpt-4o": Price(2_500_000, 1_250_000, 10_000_000),
    "gpt-4o-mini": Price(150_000, 75_000, 600_000),
    "text-embedding-3-small": Price(20_000, 20_000, 0),
    "claude-sonnet-4-5": Price(3_000_000, 300_000, 15_000_000),
    "claude-haiku-4-5": WHOLE,
    "gemini-2.5-flash": WHOLE,
    "mistral-large-latest": WHOLE,
    "command-a-03-2025": WHOLE,
    "anthropic.claude-haiku-4-5-20251001-v1:0": WHOLE,
    "shop-chat": WHOLE,
}
"""Models that the providers serve; any other is unknown to them."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one call by class; `input` are those that came from no cache."""

    input: int = 0
    cached: int = 0
    output: int = 0
    written: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """All of the input, as most APIs state it."""
        return self.input + self.cached + self.written

    def times(self, factor: float) -> "Usage":
        """The usage that a provider states who counts wrongly."""
        return Usage(*(round(tokens * factor) for tokens in astuple(self)))


@dataclass(frozen=True)
class Account:
    """Who is charged for what."""

    provider: str
    model: str
    key: str
    """The end of the API key."""


@dataclass
class Charge:
    """Sums of one account."""

    calls: int = 0
    failed: int = 0
    inputTokens: int = 0  # noqa: N815 (named as in the bill)
    cachedTokens: int = 0  # noqa: N815
    outputTokens: int = 0  # noqa: N815
    writtenTokens: int = 0  # noqa: N815
    reasoningTokens: int = 0  # noqa: N815

    def add(self, usage: Usage) -> None:
        """Books one call."""
        self.calls += 1
        self.inputTokens += usage.input
        self.cachedTokens += usage.cached
        self.outputTokens += usage.output
        self.writtenTokens += usage.written
        self.reasoningTokens += usage.reasoning

    def pico_usd(self, price: Price) -> int:
        """What it costs; exact."""
        plain = self.inputTokens * price.input + self.cachedTokens * price.cached + self.outputTokens * price.output
        written = self.writtenTokens * (price.written or price.input)
        return plain + written + self.reasoningTokens * (price.reasoning or price.output)


class Bill:
    """Sums of all accounts. A failed call is counted and costs nothing."""

    def __init__(self) -> None:
        self._charges: dict[Account, Charge] = {}

    def charge(self, account: Account, usage: Usage) -> None:
        """Books a call that was answered, or whose answer was cut: what was sent is paid."""
        self._charges.setdefault(account, Charge()).add(usage)

    def fail(self, account: Account) -> None:
        """Books a call of which nothing was answered."""
        self._charges.setdefault(account, Charge()).failed += 1

    def clear(self) -> None:
        """Starts anew."""
        self._charges.clear()

    def as_json(self) -> dict[str, object]:
        """A line for each account, sums by model, and the sum."""
        costs = {account: charge.pico_usd(PRICES[account.model]) for account, charge in self._charges.items()}
        lines = [{**asdict(account), **asdict(charge), **_money(costs[account])} for account, charge in self._charges.items()]
        models = {account.model for account in self._charges}
        return {"lines": lines, "models": {model: self._sum(model) for model in sorted(models)}, **_money(sum(costs.values()))}

    def _sum(self, model: str) -> dict[str, float]:
        found = [charge for account, charge in self._charges.items() if account.model == model]
        names = ("calls", "failed", "inputTokens", "cachedTokens", "outputTokens", "writtenTokens", "reasoningTokens")
        cost = sum(charge.pico_usd(PRICES[model]) for charge in found)
        return {**{name: sum(getattr(charge, name) for charge in found) for name in names}, **_money(cost)}


def _money(pico_usd: int) -> dict[str, float]:
    return {"microUsd": pico_usd / MILLION, "usd": pico_usd / MILLION / MILLION}
