"""The pages of this app."""

from django.urls import path

from rewardmodel.views import fragments, reward_models

urlpatterns = [
    path("reward-models/", reward_models.reward_models, name="reward-models"),
    path("reward-models/compare/", reward_models.compare_reward_models, name="reward-models-compare"),
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
