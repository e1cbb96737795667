"""The API of this app, below /api/v1/."""

from django.urls import path

from rewardmodel.api import reward_models, sweeps

urlpatterns = [
    path("reward-models/", reward_models.reward_models, name="api-reward-models"),
    path("reward-models/<slug:name>/", reward_models.reward_model, name="api-reward-model"),
    path("reward-models/<slug:name>/score/", reward_models.score, name="api-reward-model-score"),
    path("reward-models/<slug:name>/promote/", reward_models.promote_model, name="api-reward-model-promote"),
    path("sweeps/", sweeps.sweeps, name="api-sweeps"),
    path("sweeps/<int:pk>/", sweeps.sweep, name="api-sweep"),
    path("sweeps/<int:pk>/cancel/", sweeps.cancel, name="api-sweep-cancel"),
]
