"""The API of labeling, below /api/v1/."""

from django.urls import path

from labeling.api import assignments

urlpatterns = [
    path("projects/<slug:slug>/assignments/", assignments.next_assignment, name="api-next-assignment"),
    path("assignments/<uuid:pk>/judgment/", assignments.judge, name="api-judgment"),
    path("assignments/<uuid:pk>/heartbeat/", assignments.heartbeat, name="api-heartbeat"),
    path("assignments/<uuid:pk>/release/", assignments.give_back, name="api-release"),
]
