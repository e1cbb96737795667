"""What the workbench, its queue, its people and its reviewers need."""

import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import labeling.models.comparisons
from django.conf import settings
from django.db import migrations, models

from labeling.triggers import install_triggers, remove_triggers


def shuffle_what_is_there(apps, editor):
    """Rows that existed got one value between them; each needs a place of its own."""
    drawn = "random()" if editor.connection.vendor != "sqlite" else "abs(random() % 1000000007) / 1000000007.0"
    editor.execute(f"UPDATE labeling_comparison SET shuffle = {drawn}")


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0004_append_only_managers'),
    ]

    operations = [
        # A table that is rebuilt must not refuse it, and loses its triggers on the way.
        migrations.RunPython(
            lambda apps, editor: remove_triggers(editor.connection),
            lambda apps, editor: install_triggers(editor.connection),
        ),
        migrations.CreateModel(
            name='GuidelineAcceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accepted_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('annotator', 'annotator'), ('reviewer', 'reviewer'), ('manager', 'manager')], default='annotator', max_length=10, verbose_name='role')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail address')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('uses', models.PositiveIntegerField(default=0)),
                ('most_uses', models.PositiveIntegerField(default=1, verbose_name='how many may join by it')),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Qualification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempt', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('started', 'started'), ('passed', 'passed'), ('failed', 'failed')], default='started', max_length=8)),
                ('asked', models.PositiveIntegerField(default=0)),
                ('correct', models.PositiveIntegerField(default=0)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('accepted', 'accepted'), ('returned', 'returned')], max_length=8)),
                ('comment', models.TextField(blank=True, verbose_name='comment')),
                ('seen_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_one_live_per_annotator',
        ),
        migrations.RemoveConstraint(
            model_name='judgment',
            name='judgment_one_per_annotator_and_revision',
        ),
        migrations.AddField(
            model_name='assignment',
            name='drawn_by',
            field=models.CharField(choices=[('policy', 'the order of the queue'), ('control', 'at random, as a control'), ('gold', 'as a gold comparison'), ('direct', 'by name')], default='policy', max_length=8),
        ),
        migrations.AddField(
            model_name='assignment',
            name='purpose',
            field=models.CharField(choices=[('work', 'work'), ('repeat', 'repeat'), ('practice', 'practice'), ('exam', 'exam'), ('adjudication', 'adjudication')], default='work', max_length=12),
        ),
        migrations.AddField(
            model_name='assignment',
            name='takes_slot',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='comparison',
            name='shuffle',
            field=models.FloatField(default=labeling.models.comparisons.random_place, editable=False),
        ),
        migrations.AddField(
            model_name='comparison',
            name='topic',
            field=models.CharField(blank=True, max_length=60, verbose_name='topic'),
        ),
        migrations.AddField(
            model_name='comparison',
            name='use',
            field=models.CharField(choices=[('work', 'work'), ('practice', 'practice'), ('exam', 'exam')], default='work', max_length=8),
        ),
        migrations.AddField(
            model_name='goldanswer',
            name='explanation',
            field=models.TextField(blank=True, verbose_name='explanation'),
        ),
        migrations.AddField(
            model_name='instrument',
            name='asks_improvement',
            field=models.BooleanField(default=False, verbose_name='asks to improve the chosen response'),
        ),
        migrations.AddField(
            model_name='instrument',
            name='places_asked',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='places asked for'),
        ),
        migrations.AddField(
            model_name='instrument',
            name='reason_from_strength',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='reason required from strength'),
        ),
        migrations.AddField(
            model_name='instrument',
            name='requires_ratings',
            field=models.BooleanField(default=False, verbose_name='every attribute must be rated'),
        ),
        migrations.AddField(
            model_name='instrument',
            name='strength_steps',
            field=models.PositiveSmallIntegerField(default=3, verbose_name='steps of strength'),
        ),
        migrations.AddField(
            model_name='judgment',
            name='purpose',
            field=models.CharField(choices=[('work', 'work'), ('repeat', 'repeat'), ('practice', 'practice'), ('exam', 'exam'), ('adjudication', 'adjudication')], default='work', max_length=12),
        ),
        migrations.AddField(
            model_name='judgment',
            name='written',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.response'),
        ),
        migrations.AddField(
            model_name='membership',
            name='allocation',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='comparisons in all'),
        ),
        migrations.AddField(
            model_name='membership',
            name='daily_quota',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='daily quota'),
        ),
        migrations.AddField(
            model_name='membership',
            name='declined_topics',
            field=models.JSONField(blank=True, default=list, verbose_name='topics declined'),
        ),
        migrations.AddField(
            model_name='person',
            name='language',
            field=models.CharField(blank=True, max_length=12, verbose_name='language'),
        ),
        migrations.AddField(
            model_name='person',
            name='preferences',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='project',
            name='content_warning',
            field=models.TextField(blank=True, verbose_name='content warning'),
        ),
        migrations.AddField(
            model_name='project',
            name='control_share',
            field=models.FloatField(default=0.05, verbose_name='share drawn at random as a control'),
        ),
        migrations.AddField(
            model_name='project',
            name='exam_pass_share',
            field=models.FloatField(blank=True, null=True, verbose_name='share of the exam to get right'),
        ),
        migrations.AddField(
            model_name='project',
            name='gold_share',
            field=models.FloatField(default=0.0, verbose_name='share of gold comparisons'),
        ),
        migrations.AddField(
            model_name='project',
            name='most_judgments',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='most judgments per comparison'),
        ),
        migrations.AddField(
            model_name='project',
            name='queue_policy',
            field=models.CharField(choices=[('in_order', 'in order of import'), ('breadth', 'breadth first: every comparison once before any twice'), ('depth', 'depth first: finish what was begun'), ('priority', 'by priority'), ('random', 'at random'), ('uncertainty', 'where the reward model is least certain'), ('information', 'where most is learned about the ranking of policies')], default='priority', max_length=11, verbose_name='order of the queue'),
        ),
        migrations.AddField(
            model_name='project',
            name='repeat_share',
            field=models.FloatField(default=0.0, verbose_name='share of repeated comparisons'),
        ),
        migrations.AddField(
            model_name='project',
            name='requires_acceptance',
            field=models.BooleanField(default=False, verbose_name='guidelines must be accepted'),
        ),
        migrations.AddField(
            model_name='project',
            name='requires_practice',
            field=models.BooleanField(default=False, verbose_name='practice comparisons come first'),
        ),
        migrations.AddField(
            model_name='project',
            name='sensitive_topics',
            field=models.JSONField(blank=True, default=list, verbose_name='sensitive topics'),
        ),
        migrations.AddField(
            model_name='project',
            name='wanted_confidence',
            field=models.FloatField(default=0.9, verbose_name='wanted confidence'),
        ),
        migrations.AddField(
            model_name='response',
            name='improves',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='improvements', to='labeling.response'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['annotator', 'project'], name='assignment_held'),
        ),
        migrations.AddIndex(
            model_name='comparison',
            index=models.Index(models.F('project'), models.F('id'), condition=models.Q(('open_slots__gt', 0)), name='comparison_queue_in_order'),
        ),
        migrations.AddIndex(
            model_name='comparison',
            index=models.Index(models.F('project'), models.F('shuffle'), condition=models.Q(('open_slots__gt', 0)), name='comparison_queue_shuffled'),
        ),
        migrations.AddIndex(
            model_name='comparison',
            index=models.Index(models.F('project'), models.F('open_slots'), models.F('id'), condition=models.Q(('open_slots__gt', 0)), name='comparison_queue_by_slots'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['open', 'done', 'skipped'])), fields=('comparison', 'annotator', 'purpose'), name='assignment_one_live_per_annotator'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['work', 'repeat', 'practice', 'exam', 'adjudication'])), name='assignment_purpose_known'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', 'work'), ('takes_slot', False), _connector='OR'), name='assignment_only_work_takes_a_slot'),
        ),
        migrations.AddConstraint(
            model_name='comparison',
            constraint=models.CheckConstraint(condition=models.Q(('use__in', ['work', 'practice', 'exam'])), name='comparison_use_known'),
        ),
        migrations.AddConstraint(
            model_name='comparison',
            constraint=models.CheckConstraint(condition=models.Q(('use', 'work'), ('target_judgments', 0), _connector='OR'), name='comparison_only_work_wants_judgments'),
        ),
        migrations.AddConstraint(
            model_name='instrument',
            constraint=models.CheckConstraint(condition=models.Q(('strength_steps__in', [3, 4])), name='instrument_strength_steps_3_or_4'),
        ),
        migrations.AddConstraint(
            model_name='instrument',
            constraint=models.CheckConstraint(condition=models.Q(('places_asked', None), ('places_asked__range', (1, 9)), _connector='OR'), name='instrument_places_asked_1_to_9'),
        ),
        migrations.AddConstraint(
            model_name='instrument',
            constraint=models.CheckConstraint(condition=models.Q(('reason_from_strength', None), ('reason_from_strength__range', (0, 3)), _connector='OR'), name='instrument_reason_from_strength_0_to_3'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.UniqueConstraint(fields=('comparison', 'annotator', 'purpose', 'revision'), name='judgment_one_per_annotator_and_revision'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['work', 'repeat', 'practice', 'exam', 'adjudication'])), name='judgment_purpose_known'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', 'work'), ('is_surplus', True), _connector='OR'), name='judgment_only_work_counts'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('most_judgments', None), models.Q(('most_judgments__gte', models.F('judgments_per_comparison')), ('most_judgments__lte', 100)), _connector='OR'), name='project_most_judgments_not_below_the_first'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('wanted_confidence__gt', 0.5), ('wanted_confidence__lt', 1)), name='project_confidence_half_to_one'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('control_share__range', (0, 1)), ('gold_share__range', (0, 1)), ('repeat_share__range', (0, 1)), ('gold_share__lte', django.db.models.expressions.CombinedExpression(models.Value(1), '-', models.F('repeat_share')))), name='project_shares_within_one'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('exam_pass_share', None), ('exam_pass_share__range', (0, 1)), _connector='OR'), name='project_exam_share_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('queue_policy__in', ['in_order', 'breadth', 'depth', 'priority', 'random', 'uncertainty', 'information'])), name='project_queue_policy_known'),
        ),
        migrations.AddField(
            model_name='guidelineacceptance',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='guidelineacceptance',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='labeling.guidelineversion'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='labeling.project'),
        ),
        migrations.AddField(
            model_name='qualification',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='qualifications', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='qualification',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='qualifications', to='labeling.project'),
        ),
        migrations.AddField(
            model_name='review',
            name='judgment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='labeling.judgment'),
        ),
        migrations.AddField(
            model_name='review',
            name='project',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='labeling.project'),
        ),
        migrations.AddField(
            model_name='review',
            name='reviewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='guidelineacceptance',
            constraint=models.UniqueConstraint(fields=('version', 'person'), name='guideline_acceptance_once_per_person'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('uses__lte', models.F('most_uses'))), name='invitation_uses_within_most'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['annotator', 'reviewer', 'manager'])), name='invitation_role_known'),
        ),
        migrations.AddConstraint(
            model_name='qualification',
            constraint=models.UniqueConstraint(fields=('project', 'person', 'attempt'), name='qualification_attempt_once'),
        ),
        migrations.AddConstraint(
            model_name='qualification',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'started')), fields=('project', 'person'), name='qualification_one_under_way'),
        ),
        migrations.AddConstraint(
            model_name='qualification',
            constraint=models.CheckConstraint(condition=models.Q(('correct__lte', models.F('asked'))), name='qualification_correct_within_asked'),
        ),
        migrations.AddConstraint(
            model_name='qualification',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['started', 'passed', 'failed'])), name='qualification_state_known'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['project', '-created_at'], name='review_by_time'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['accepted', 'returned'])), name='review_outcome_known'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('outcome', 'accepted'), models.Q(('comment', ''), _negated=True), _connector='OR'), name='review_returned_says_why'),
        ),
        migrations.RunPython(shuffle_what_is_there, migrations.RunPython.noop),
        migrations.RunPython(
            lambda apps, editor: install_triggers(editor.connection),
            lambda apps, editor: remove_triggers(editor.connection),
        ),
    ]
