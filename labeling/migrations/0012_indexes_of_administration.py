"""Indexes by which lists of the administration find their page. None rebuilds a table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0011_leaderboard_report")]

    operations = [
        migrations.AddIndex(
            model_name="comparison",
            index=models.Index(models.F("project"), models.F("id"), name="comparison_by_project"),
        ),
        migrations.AddIndex(
            model_name="judgment",
            index=models.Index(
                condition=models.Q(("purpose", "work"), _negated=True),
                fields=["project", "purpose", "judged_at"],
                name="judgment_by_purpose",
            ),
        ),
        migrations.AddIndex(
            model_name="judgment",
            index=models.Index(fields=["project", "source", "judged_at"], name="judgment_by_source"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["project", "outcome", "-created_at"], name="review_by_outcome"),
        ),
    ]
