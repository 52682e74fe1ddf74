"""What the generator and the runtime need to know of a kind."""

from dataclasses import dataclass

from agentops_operator.api.model import Model, StatusModel, cel
from agentops_operator.api.reason import ConditionType

GROUP = "agentops.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

# Longer names could not be label values, and names with dots could not be part of a Service's or a CronJob's name.
NAME_RULE = cel(
    "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
    "metadata.name must have at most 63 characters and no dot: it becomes a label, a token audience and part of other names",
)


@dataclass(frozen=True)
class Column:
    """A printer column of `kubectl get`; priority 1 shows only in the wide form."""

    name: str
    json_path: str
    type: str = "string"
    priority: int = 0
    description: str = ""


@dataclass(frozen=True)
class Rule:
    """A permission that the operator needs because of a kind."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()  # the only objects that it is for; none named: all


@dataclass(frozen=True)
class KindInfo:
    """One kind: its names, models, columns and the permissions that its children need.

    `spec` and `status` are None for kinds whose content is not under `spec` (the injection index has `root` fields).
    `validations` are rules on the spec, `root_validations` on the whole object, where only `metadata.name` can be read beside it.
    """

    kind: str
    plural: str
    singular: str
    description: str
    spec: type[Model] | None = None
    status: type[StatusModel] | None = None
    root: type[Model] | None = None
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    immutable: bool = False
    record: bool = False  # made and removed by the operator; people write a part of its spec
    internal: bool = False
    validations: tuple[dict[str, str], ...] = ()
    root_validations: tuple[dict[str, str], ...] = ()
    conditions: tuple[ConditionType, ...] = ()

    @property
    def api_version(self) -> str:
        """Group and version, as in `apiVersion`."""
        return API_VERSION

    @property
    def crd_name(self) -> str:
        """Name of the CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"
