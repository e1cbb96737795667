"""No index on a foreign key that another index begins with, and only what is there on those that are mostly empty.

An import writes every index of every row; sixteen of some forty of them said nothing that another did not.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from labeling.triggers import install_triggers, remove_triggers


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0014_reports_know_their_last_judgment'),
    ]

    operations = [
        # SQLite rebuilds these tables; one that is rebuilt must not refuse it, and loses its triggers on the way.
        migrations.RunPython(
            lambda apps, editor: remove_triggers(editor.connection),
            lambda apps, editor: install_triggers(editor.connection),
        ),
        migrations.AlterField(
            model_name='comparison',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='comparisons', to='labeling.project'),
        ),
        migrations.AlterField(
            model_name='comparisonresponse',
            name='comparison',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='labeling.comparison'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='annotator',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='assignment',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='labeling.assignment'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='comparison',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='labeling.comparison'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='guideline_version',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.guidelineversion'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='labeling.project'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='written',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labeling.response'),
        ),
        migrations.AlterField(
            model_name='prompt',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='prompts', to='labeling.project'),
        ),
        migrations.AlterField(
            model_name='response',
            name='author',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='response',
            name='improves',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='improvements', to='labeling.response'),
        ),
        migrations.AlterField(
            model_name='response',
            name='prompt',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='responses', to='labeling.prompt'),
        ),
        migrations.AddIndex(
            model_name='judgment',
            index=models.Index(condition=models.Q(('assignment__isnull', False)), fields=['assignment'], name='judgment_by_assignment'),
        ),
        migrations.AddIndex(
            model_name='judgment',
            index=models.Index(condition=models.Q(('written__isnull', False)), fields=['written'], name='judgment_by_written'),
        ),
        migrations.AddIndex(
            model_name='judgment',
            index=models.Index(condition=models.Q(('guideline_version__isnull', False)), fields=['guideline_version'], name='judgment_by_guidelines'),
        ),
        migrations.AddIndex(
            model_name='response',
            index=models.Index(condition=models.Q(('author__isnull', False)), fields=['author'], name='response_by_author'),
        ),
        migrations.AddIndex(
            model_name='response',
            index=models.Index(condition=models.Q(('improves__isnull', False)), fields=['improves'], name='response_by_improved'),
        ),
        migrations.RunPython(
            lambda apps, editor: install_triggers(editor.connection),
            lambda apps, editor: remove_triggers(editor.connection),
        ),
    ]
