"""How the API reads a body. Apart from config.api, which needs DRF's views, as they need this."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import JSONParser

from config.storable_json import require_storable, too_deep


class StorableJSONParser(JSONParser):
    """JSON whose every value can be stored and shown again."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises: ParseError, NotStorable."""
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise too_deep() from None
        require_storable(data)
        return data
