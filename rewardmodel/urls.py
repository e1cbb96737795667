"""The pages of this app."""

from django.urls import path

from rewardmodel.views import fragments, reward_models, sweeps

urlpatterns = [
    path("reward-models/", reward_models.reward_models, name="reward-models"),
    path("reward-models/compare/", reward_models.compare_reward_models, name="reward-models-compare"),
    path("reward-models/sweeps/", sweeps.sweeps, name="reward-model-sweeps"),
    path("reward-models/sweeps/<slug:name>/", sweeps.sweep, name="reward-model-sweep"),
    path("reward-models/sweeps/<slug:name>/status/", sweeps.sweep_status, name="reward-model-sweep-status"),
    path("reward-models/sweeps/<slug:name>/cancel/", sweeps.cancel, name="reward-model-sweep-cancel"),
    path("reward-models/<slug:name>/", reward_models.reward_model, name="reward-model"),
    path("reward-models/<slug:name>/card/", reward_models.reward_model_card, name="reward-model-card"),
    path("reward-models/<slug:name>/promote/", reward_models.promote_reward_model, name="reward-model-promote"),
    path("reward-models/<slug:name>/score/", reward_models.score_project, name="reward-model-score"),
    path(
        "reward-models/fragments/projects/<slug:slug>/scores/", fragments.project_scores, name="fragment-project-scores"
    ),
    path(
        "reward-models/fragments/projects/<slug:slug>/agreement/",
        fragments.project_agreement,
        name="fragment-agreement",
    ),
    path(
        "reward-models/fragments/comparisons/<int:pk>/scores/",
        fragments.comparison_scores,
        name="fragment-comparison-scores",
    ),
]
