"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORTS_IN_MODULES = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports inside our own modules; otherwise an upgrade would mix old ones with new ones.

    Only those under `js/`: the files that packages bring mention modules that they do not ship.
    """

    patterns = (*HashedFilesMixin.patterns, ("js/*.js", IMPORTS_IN_MODULES))
