"""Where the platform's runs keep tokenized splits for each other."""

from django.conf import settings

from rewardmodel.core.data.cache_folder import prune
from rewardmodel.services.files import home


def token_cache() -> str | None:
    """The folder, made to fit its limit before another run adds to it; None where the limit leaves no room at all."""
    folder = home() / "cache" / "tokens"
    prune(folder, limit_bytes=settings.PLUMBLINE_TOKEN_CACHE_BYTES)
    return str(folder) if settings.PLUMBLINE_TOKEN_CACHE_BYTES else None
