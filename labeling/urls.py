"""The pages of this app."""

from django.urls import URLPattern, URLResolver, path

from labeling.views import comparisons, datasets, label, members, projects, tokens

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
    path("projects/<slug:slug>/datasets/", datasets.datasets, name="labeling-datasets"),
    path("projects/<slug:slug>/datasets/imports/", datasets.imports, name="labeling-imports"),
    path("projects/<slug:slug>/datasets/imports/send/", datasets.send, name="labeling-import-send"),
    path("projects/<slug:slug>/datasets/imports/<uuid:pk>/", datasets.one_import, name="labeling-import"),
    path("projects/<slug:slug>/datasets/imports/<uuid:pk>/rejected/", datasets.rejected, name="labeling-rejected"),
    path("projects/<slug:slug>/datasets/freeze/", datasets.freeze, name="labeling-freeze"),
    path("projects/<slug:slug>/datasets/snapshots/<uuid:pk>/", datasets.snapshot, name="labeling-snapshot"),
    path("projects/<slug:slug>/datasets/snapshots/<uuid:pk>/export/", datasets.export, name="labeling-export"),
]
