"""The API of this app, below /api/v1/."""

from django.urls import path

from runs.api import runs

urlpatterns = [
    path("runs/", runs.runs, name="api-runs"),
    path("runs/<uuid:pk>/", runs.run, name="api-run"),
    path("runs/<uuid:pk>/metrics/", runs.metrics, name="api-run-metrics"),
    path("runs/<uuid:pk>/cancel/", runs.cancel, name="api-run-cancel"),
    path("runs/<uuid:pk>/resume/", runs.resume, name="api-run-resume"),
]
