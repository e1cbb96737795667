"""The pages of this app."""

from django.urls import path

from runs.views import runs

urlpatterns = [
    path("runs/", runs.runs, name="runs"),
    path("runs/<uuid:pk>/", runs.run, name="run"),
    path("runs/<uuid:pk>/status/", runs.status, name="run-status"),
    path("runs/<uuid:pk>/log/", runs.log, name="run-log"),
    path("runs/<uuid:pk>/metrics/", runs.metrics, name="run-metrics"),
    path("runs/<uuid:pk>/cancel/", runs.cancel, name="run-cancel"),
    path("runs/<uuid:pk>/resume/", runs.resume, name="run-resume"),
]
