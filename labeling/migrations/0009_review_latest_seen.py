"""So that a queue that is opened again looks through nothing twice."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0008_rating_instruments'),
    ]

    operations = [
        migrations.AddField(
            model_name='reviewmark',
            name='latest_seen',
            field=models.CharField(blank=True, max_length=40),
        ),
    ]
