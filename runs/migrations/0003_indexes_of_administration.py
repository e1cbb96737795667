"""Indexes by which lists of the administration find their page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0002_run_attempts_and_metric_lines")]

    operations = [
        migrations.AddIndex(
            model_name="run", index=models.Index(fields=["kind", "-created_at"], name="run_by_kind")
        ),
        migrations.AddIndex(model_name="run", index=models.Index(fields=["-created_at"], name="run_by_time")),
    ]
