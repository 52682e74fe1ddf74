"""Fields that no case proves, and why. The operator does not call them supported by an engine on the word of this suite."""

UNTESTED_FIELDS = {
    "priceTable": "a name that is passed on; the prices themselves are proven",
}
"""Field -> reason."""
