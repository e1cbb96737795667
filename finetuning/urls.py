"""The pages of this app."""

from django.urls import path

from finetuning.views import policies

urlpatterns = [
    path("policies/<slug:name>/", policies.policy, name="policy"),
]
