"""The API of this app, below /api/v1/."""

from django.urls import path

from finetuning.api import policies

urlpatterns = [
    path("policies/", policies.policies, name="api-policies"),
    path("policies/<slug:name>/", policies.policy, name="api-policy"),
    path("policies/<slug:name>/generate/", policies.generate, name="api-policy-generate"),
]
