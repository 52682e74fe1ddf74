"""Label selectors, with the same meaning as in Kubernetes, and bounded so that CEL can estimate their cost."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from agentops_operator.api.model import Model, cel, marks

LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=317)]
LabelValue = Annotated[str, StringConstraints(max_length=63)]


class Operator(StrEnum):
    """How a label is compared with the listed values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Requirement(Model):
    """One expression of a selector."""

    key: LabelKey = Field(description="Label key.")
    operator: Operator = Field(description="Relation of the label to the values.")
    values: list[LabelValue] = Field(
        default=[],
        max_length=32,
        description="Values; for In and NotIn only.",
        json_schema_extra=marks(list_type="atomic"),
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels fulfil the expression; NotIn holds for an absent label, as in Kubernetes."""
        match self.operator:
            case Operator.IN:
                return labels.get(self.key) in self.values
            case Operator.NOT_IN:
                return labels.get(self.key) not in self.values
            case Operator.EXISTS:
                return self.key in labels
            case Operator.DOES_NOT_EXIST:
                return self.key not in labels


REQUIREMENT_RULES = (
    cel(
        "self.all(e, (e.operator in ['In', 'NotIn']) == (has(e.values) && size(e.values) > 0))",
        "values must be given for In and NotIn, and only for them",
    ),
)


class LabelSelector(Model):
    """Selects objects by their labels; all parts must hold, and an empty selector selects everything."""

    match_labels: dict[str, LabelValue] = Field(
        default={},
        max_length=16,
        description="Labels that must have exactly these values.",
        json_schema_extra=marks(map_type="atomic"),
    )
    match_expressions: list[Requirement] = Field(
        default=[],
        max_length=16,
        description="Expressions that must all hold.",
        json_schema_extra=marks(*REQUIREMENT_RULES, list_type="atomic"),
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        # Loops and not generators: each Agent asks each policy, and most say no at the first label.
        for key, value in self.match_labels.items():
            if labels.get(key) != value:
                return False
        for requirement in self.match_expressions:  # noqa: SIM110  (as above)
            if not requirement.matches(labels):
                return False
        return True

    def index_pairs(self) -> tuple[tuple[str, str], ...]:
        """The `label=value` pairs under which the injection index can find a pod, or nothing when there is none.

        One equality is enough, because the entry checks the rest; without an equality each value of an `In`
        expression is a pair of its own.
        """
        if self.match_labels:
            return (min(self.match_labels.items()),)
        for requirement in self.match_expressions:
            if requirement.operator is Operator.IN:
                return tuple((requirement.key, value) for value in sorted(set(requirement.values)))
        return ()
