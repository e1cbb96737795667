"""The API of labeling, below /api/v1/."""

from django.urls import path

from labeling.api import assignments, imports, leaderboard, moderation, quality, review, snapshots

urlpatterns = [
    path("projects/<slug:slug>/assignments/", assignments.next_assignment, name="api-next-assignment"),
    path("assignments/<uuid:pk>/judgment/", assignments.judge, name="api-judgment"),
    path("projects/<slug:slug>/quality/", quality.quality, name="api-quality"),
    path("projects/<slug:slug>/review/", review.queue, name="api-review"),
    path("projects/<slug:slug>/review/<int:pk>/accept/", review.accept_judgments, name="api-review-accept"),
    path("projects/<slug:slug>/review/<int:pk>/return/", review.return_to_annotator, name="api-review-return"),
    path("assignments/<uuid:pk>/heartbeat/", assignments.heartbeat, name="api-heartbeat"),
    path("assignments/<uuid:pk>/release/", assignments.give_back, name="api-release"),
    path("projects/<slug:slug>/moderation/", moderation.findings, name="api-moderation"),
    path("projects/<slug:slug>/moderation/run/", moderation.start, name="api-moderation-run"),
    path("projects/<slug:slug>/imports/", imports.imports, name="api-imports"),
    path("projects/<slug:slug>/imports/<uuid:pk>/", imports.one_import, name="api-import"),
    path("projects/<slug:slug>/imports/<uuid:pk>/rejected/", imports.rejected, name="api-import-rejected"),
    path("projects/<slug:slug>/leaderboard/", leaderboard.leaderboard, name="api-leaderboard"),
    path("projects/<slug:slug>/snapshots/", snapshots.snapshots, name="api-snapshots"),
    path("projects/<slug:slug>/snapshots/preview/", snapshots.preview, name="api-snapshot-preview"),
    path("projects/<slug:slug>/snapshots/<uuid:pk>/", snapshots.one_snapshot, name="api-snapshot"),
    path("projects/<slug:slug>/snapshots/<uuid:pk>/export/", snapshots.ExportView.as_view(), name="api-export"),
    path("projects/<slug:slug>/snapshots/<uuid:pk>/folder/", snapshots.FolderView.as_view(), name="api-folder"),
    path(
        "projects/<slug:slug>/snapshots/<uuid:pk>/export/report/",
        snapshots.ExportReportView.as_view(),
        name="api-export-report",
    ),
]
