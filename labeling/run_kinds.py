"""The kinds of run that labeling brings: imports and exports. They need the database, so they work in the worker."""


def register_kinds() -> None:
    """Tell `runs` how to execute ours."""
