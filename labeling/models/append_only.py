"""Rows that are written once. The triggers of `labeling.triggers` hold this too, against any other client."""

from typing import Any, NoReturn

from django.db import models


class AppendOnlyViolation(TypeError):
    """Code tried to change or delete a row that is written once. A bug, not something a person can cause."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Refuses every way in which Django would update or delete rows of the table."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyViolation(f"{self.model.__name__} rows are written once: supersede, never change or delete.")

    update = _refuse
    _update = _refuse
    bulk_update = _refuse
    delete = _refuse
    _raw_delete = _refuse


class AppendOnlyModel(models.Model):
    """A model whose rows are inserted and then left alone."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyViolation(f"{type(self).__name__} rows are written once: supersede, never change or delete.")
