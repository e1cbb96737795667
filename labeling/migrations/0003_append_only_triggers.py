"""Judgments and snapshots refuse UPDATE and DELETE in the database itself."""

from django.db import migrations

from labeling.triggers import install_triggers, remove_triggers


class Migration(migrations.Migration):
    dependencies = [("labeling", "0002_initial")]

    operations = [
        migrations.RunPython(
            lambda apps, editor: install_triggers(editor.connection),
            lambda apps, editor: remove_triggers(editor.connection),
        ),
    ]
