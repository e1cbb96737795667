"""What moderation found in training data, and how a project is moderated."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0012_indexes_of_administration'),
    ]

    operations = [
        migrations.CreateModel(
            name='Moderation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at_import', models.BooleanField(default=False, verbose_name='check what is imported')),
                ('checks', models.JSONField(blank=True, null=True)),
                ('last_comparison', models.BigIntegerField(default=0)),
                ('moderated_at', models.DateTimeField(null=True)),
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='moderation', to='labeling.project')),
            ],
        ),
        migrations.CreateModel(
            name='ModerationFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.PositiveIntegerField(null=True)),
                ('check_name', models.CharField(max_length=20)),
                ('reason', models.CharField(max_length=30)),
                ('severity', models.CharField(choices=[('high', 'high'), ('medium', 'medium'), ('low', 'low')], max_length=6)),
                ('start', models.PositiveIntegerField(default=0)),
                ('end', models.PositiveIntegerField(default=0)),
                ('figures', models.JSONField(default=dict)),
                ('fingerprint', models.CharField(editable=False, max_length=64)),
                ('state', models.CharField(choices=[('open', 'open'), ('kept', 'kept'), ('removed', 'excluded')], default='open', max_length=7)),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('decided_at', models.DateTimeField(null=True)),
                ('comparison', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='moderation_findings', to='labeling.comparison')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moderation_findings', to='labeling.project')),
                ('response', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='moderation_findings', to='labeling.response')),
            ],
            options={
                'indexes': [models.Index(fields=['project', 'state', 'check_name', 'id'], name='moderation_finding_list'), models.Index(condition=models.Q(('state', 'removed')), fields=['comparison'], name='moderation_removed')],
                'constraints': [models.UniqueConstraint(fields=('project', 'fingerprint'), name='moderation_finding_once'), models.CheckConstraint(condition=models.Q(('comparison__isnull', False), ('response__isnull', False), _connector='OR'), name='moderation_finding_is_about_something'), models.CheckConstraint(condition=models.Q(('response__isnull', False), ('message__isnull', False), _connector='OR'), name='moderation_finding_in_a_response_or_a_message'), models.CheckConstraint(condition=models.Q(('end__gte', models.F('start'))), name='moderation_finding_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('state__in', ['open', 'kept', 'removed'])), name='moderation_finding_state_known'), models.CheckConstraint(condition=models.Q(('severity__in', ['high', 'medium', 'low'])), name='moderation_finding_severity_known'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='moderation_finding_decided_by_somebody')],
            },
        ),
    ]
