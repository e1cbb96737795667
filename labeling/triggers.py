"""The part of "append-only" that no one can go around: triggers, for both engines."""

from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY_TABLES = ("labeling_judgment", "labeling_snapshot")
ACTIONS = ("UPDATE", "DELETE")


def _name(table: str, action: str) -> str:
    return f"{table}_refuses_{action.lower()}"


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Make the append-only tables refuse UPDATE and DELETE; safe to call again."""
    remove_triggers(connection)
    with connection.cursor() as cursor:
        for table in APPEND_ONLY_TABLES:
            for action in ACTIONS:
                message = f"{table} is append-only: {action} refused"
                if connection.vendor == "sqlite":
                    cursor.execute(
                        f"CREATE TRIGGER {_name(table, action)} BEFORE {action} ON {table} "
                        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
                    )
                else:
                    cursor.execute(
                        f"CREATE OR REPLACE FUNCTION {_name(table, action)}() RETURNS trigger LANGUAGE plpgsql AS "
                        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; "
                        "END $$"
                    )
                    cursor.execute(
                        f"CREATE TRIGGER {_name(table, action)} BEFORE {action} ON {table} "
                        f"FOR EACH ROW EXECUTE FUNCTION {_name(table, action)}()"
                    )


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    """Lift the protection: for migrations that rebuild a table, and for a test database that is emptied."""
    with connection.cursor() as cursor:
        for table in APPEND_ONLY_TABLES:
            for action in ACTIONS:
                on_table = "" if connection.vendor == "sqlite" else f" ON {table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {_name(table, action)}{on_table}")


def installed_triggers(connection: BaseDatabaseWrapper) -> set[str]:
    """Name the triggers the database really has."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        names = {row[0] for row in cursor.fetchall()}
    return names & {_name(table, action) for table in APPEND_ONLY_TABLES for action in ACTIONS}
