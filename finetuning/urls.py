"""The pages of this app."""

from django.urls import path

from finetuning.views import fragments, playground, policies

urlpatterns = [
    path("policies/", policies.policies, name="policies"),
    path(
        "policies/fragments/projects/<slug:slug>/lineage/", fragments.project_lineage, name="fragment-project-lineage"
    ),
    path("policies/<slug:name>/", policies.policy, name="policy"),
    path("policies/<slug:name>/finetune/", policies.finetune, name="policy-finetune"),
    path("policies/<slug:name>/generate/", policies.generate, name="policy-generate"),
    path("playground/", playground.playground, name="playground"),
    path("playground/<uuid:pk>/", playground.trial, name="playground-trial"),
    path("playground/<uuid:pk>/answers/", playground.answers, name="playground-answers"),
]
