"""The installation: settings, URLs, processes. It ties the apps together and holds no domain rule."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
