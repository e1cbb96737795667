"""The pages of this app."""

from django.urls import URLPattern, URLResolver, path

from labeling.views import comparisons, label, members, projects, tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("", projects.home, name="labeling-home"),
    path("projects/new/", projects.create, name="labeling-project-new"),
    path("projects/<slug:slug>/", projects.project, name="labeling-project"),
    path("projects/<slug:slug>/guidelines/", label.guidelines, name="labeling-guidelines"),
    path("projects/<slug:slug>/guidelines/edit/", projects.edit_guidelines, name="labeling-guidelines-edit"),
    path("projects/<slug:slug>/label/", label.workbench, name="labeling-workbench"),
    path("projects/<slug:slug>/label/undo/", label.undo, name="labeling-undo"),
    path("projects/<slug:slug>/label/<uuid:pk>/", label.submit, name="labeling-submit"),
    path("projects/<slug:slug>/label/<uuid:pk>/skip/", label.skip_comparison, name="labeling-skip"),
    path("projects/<slug:slug>/comparisons/<int:pk>/", comparisons.comparison, name="labeling-comparison"),
    path("projects/<slug:slug>/members/", members.members, name="labeling-members"),
    path("projects/<slug:slug>/members/<int:pk>/role/", members.change_role, name="labeling-member-role"),
    path("projects/<slug:slug>/members/<int:pk>/remove/", members.remove, name="labeling-member-remove"),
    path("account/tokens/", tokens.tokens, name="labeling-tokens"),
    path("account/tokens/<int:pk>/revoke/", tokens.revoke, name="labeling-token-revoke"),
]
