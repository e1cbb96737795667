"""What needs a reviewer, in a table that is looked through instead of everything that was judged."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0006_warnings_accepted'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReviewItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('disagreement', 'disagreement'), ('flagged', 'flagged'), ('suspicious', 'suspicious'), ('redone', 'redone')], max_length=12)),
                ('sign', models.CharField(choices=[('others', 'others judged otherwise'), ('flag', 'flagged'), ('all_bad', '“all bad” against a clear preference'), ('fast', 'faster than anybody reads'), ('same_place', 'the same place again and again'), ('gold', 'contradicts the expected answer'), ('self', 'contradicts their own earlier answer'), ('redone', 'returned and done again')], max_length=10)),
                ('figures', models.JSONField(default=dict)),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ReviewMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('examined_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('purpose', 'adjudication'), ('state__in', ['open', 'done'])), fields=('comparison',), name='assignment_one_adjudicator_per_comparison'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='annotator',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='comparison',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='review_items', to='labeling.comparison'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='judgment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='review_items', to='labeling.judgment'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='review_items', to='labeling.project'),
        ),
        migrations.AddField(
            model_name='reviewmark',
            name='project',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='review_mark', to='labeling.project'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['project', 'comparison'], name='review_item_queue'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['project', 'reason', 'comparison'], name='review_item_by_reason'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['project', 'annotator', 'comparison'], name='review_item_by_annotator'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.UniqueConstraint(fields=('judgment', 'sign'), name='review_item_once_per_judgment_and_sign'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['disagreement', 'flagged', 'suspicious', 'redone'])), name='review_item_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.CheckConstraint(condition=models.Q(('sign__in', ['others', 'flag', 'all_bad', 'fast', 'same_place', 'gold', 'self', 'redone'])), name='review_item_sign_known'),
        ),
    ]
