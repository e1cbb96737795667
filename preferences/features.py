"""The columns of Parquet files, as `datasets` names them in YAML."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_DTYPES = {"string": "string", "int64": "int64", "int32": "int32", "double": "float64", "bool": "bool"}


def features_of(ends: Iterable[bytes]) -> list[dict[str, Any]]:
    """The columns that Parquet files have in common, for the `features` of a card.

    Args:
        ends: of each file so much of its end as holds the footer.

    Returns: none where a column has a type that only the reader of the file can tell (JSON), or the files differ in
        more than what one of them lacks: `datasets` then looks for itself.
    """
    try:
        schema = pa.unify_schemas([pq.read_schema(pa.BufferReader(end)) for end in ends])
        return [_feature(column) for column in schema]
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError):
        return []


def _feature(column: pa.Field) -> dict[str, Any]:
    return {"name": column.name, **_typed(column.type)}


def _typed(type: pa.DataType) -> dict[str, Any]:
    if pa.types.is_struct(type):
        return {"struct": [_feature(inner) for inner in type]}
    if pa.types.is_list(type):
        inner = _typed(type.value_type)
        return {"list": inner.get("dtype") or inner.get("struct") or inner}
    return {"dtype": _DTYPES[str(type)]}
