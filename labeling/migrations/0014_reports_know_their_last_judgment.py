from django.db import migrations, models
from django.db.models import Max


def find_last_judgments(apps, schema_editor):
    """Of reports from before, by when judgments were given: nothing else is known of them."""
    judgments = apps.get_model("labeling", "Judgment").objects
    for name in ("LeaderboardReport", "QualityReport"):
        for report in apps.get_model("labeling", name).objects.all():
            given = judgments.filter(project_id=report.project_id, judged_at__lte=report.computed_at)
            report.last_judgment = given.aggregate(last=Max("pk"))["last"] or 0
            report.save(update_fields=["last_judgment"])


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0013_moderation'),
    ]

    operations = [
        migrations.AddField(
            model_name='leaderboardreport',
            name='last_judgment',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='qualityreport',
            name='last_judgment',
            field=models.BigIntegerField(default=0),
        ),
        migrations.RunPython(find_last_judgments, migrations.RunPython.noop),
    ]
