"""Which comparison a person is handed next: by the project's order, as a random control, as gold, or once more.

The order is read through windows, so that the cost does not grow with the project nor with what the person has done:
the top of the order, where new and urgent comparisons stand; the part that follows where the order last brought this
person, because they have had what stands before it; a random sample of all that is open, the first of it in the order;
and only when none of them holds anything for them, all of it. Each look is one statement that takes a slot as well, and
none waits for a row that somebody else is taking unless nothing else is left.
"""

import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection, transaction

from labeling.models import Assignment, Person, Project, Purpose
from labeling.shown import Content, content_of, read_content

Drawn = Assignment.Drawn
Policy = Project.QueuePolicy
WINDOW_ROWS = 64
# A repeat comes back after so many judgments or so long, and is drawn from so many that could.
REPEAT_AFTER_JUDGMENTS = 20
REPEAT_AFTER = timedelta(hours=1)
REPEATS_LOOKED_AT = 200
GOLD_LOOKED_AT = 300
_random: random.Random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Order:
    """One way through the comparisons that want somebody, each served by an index of its own.

    Args:
        key: the column it goes by; those with the same one go by their id, and all do if there is none.
    """

    key: str = ""
    key_descends: bool = False
    id_descends: bool = False

    @property
    def by(self) -> str:
        """The ORDER BY of it."""
        by_id = "id DESC" if self.id_descends else "id"
        return f"{self.key}{' DESC' if self.key_descends else ''}, {by_id}" if self.key else by_id


BY_PRIORITY = Order("priority", key_descends=True)
SHUFFLED = Order("shuffle")
ORDERS: Mapping[str, Order] = {
    Policy.IN_ORDER: Order(),
    Policy.BREADTH: Order("open_slots", key_descends=True, id_descends=True),
    Policy.DEPTH: Order("open_slots"),
    Policy.PRIORITY: BY_PRIORITY,
    Policy.UNCERTAINTY: BY_PRIORITY,
    Policy.INFORMATION: BY_PRIORITY,
}


@dataclass(frozen=True, slots=True)
class Pick:
    """A comparison chosen for somebody, what it shows, and how it was chosen; its slot, if it takes one, is taken."""

    comparison_id: int
    content: Content
    drawn_by: str
    purpose: str = Purpose.WORK
    takes_slot: bool = True


@dataclass(slots=True)
class Seeker:
    """Somebody who asks for work, within a transaction that has locked their row.

    Args:
        last: the comparison that the project's order brought them last, when known.
        may_wait: whether the transaction may wait for somebody else's: not when it has taken slots already.
    """

    project: Project
    person: Person
    declined_topics: Sequence[str] = ()
    last: int | None = None
    may_wait: bool = True
    _parameters: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        topics: Any = list(self.declined_topics)
        if connection.vendor == "sqlite":
            topics = json.dumps(topics)
        self._parameters = {"project": self.project.pk, "person": self.person.pk, "topics": topics}

    def pick(self, now: datetime) -> Pick | None:
        """Choose a comparison for this person and take its slot; None when nothing is left for them.

        Gold and repeats are mixed in while there is other work: somebody who gets nothing else would know them.
        """
        draw, project = _random.random(), self.project
        if draw < project.gold_share + project.repeat_share and self._has_work():
            special = self._gold() if draw < project.gold_share else self._repeat(now)
            if special is not None:
                return special
        is_random = project.queue_policy == Policy.RANDOM
        if is_random or _random.random() < project.control_share:
            return self._take_at_random(Drawn.POLICY if is_random else Drawn.CONTROL)
        return self._take_in_order(ORDERS[project.queue_policy])

    def _take_in_order(self, order: Order) -> Pick | None:
        found = self._take(order, "top")
        if found is None and (place := self._place()) is not None:
            found = self._take(order, "after", **place)
        found = found or self._take(order, "sample", place=_random.random()) or self._take_anywhere(order)
        if found is not None:
            self.last = found.comparison_id
        return found

    def _take_at_random(self, drawn_by: str) -> Pick | None:
        """The first one from a random point on in a fixed random order.

        Who stands behind a wide gap of that order is drawn more often; as the order knows nothing of what it orders,
        what is drawn is a random sample all the same.
        """
        order, place = SHUFFLED, _random.random()
        return (
            self._take(order, "from", drawn_by, place=place)
            or self._take(order, "up to", drawn_by, place=place)
            or self._take_anywhere(order, drawn_by)
        )

    def _take_anywhere(self, order: Order, drawn_by: str = Drawn.POLICY) -> Pick | None:
        """Take from all that is open; when others are taking what is left, wait for them if that is allowed.

        The slot they take may not be the last one.
        """
        found = self._take(order, "all", drawn_by)
        if found is not None or connection.vendor == "sqlite":  # where one transaction at a time writes
            return found
        while self.may_wait and (row := self._fetch(_pick_statement(order, "all", self._declines, ""))):
            self._wait_for(row[0])
            if (found := self._take(order, "all", drawn_by)) is not None:
                return found
        return None

    def _wait_for(self, comparison: int) -> None:
        """Wait until whoever is at a comparison lets go, and keep no lock of it.

        Who kept one and waited for the next could wait for somebody who has that one and waits for this: the orders
        that people go by differ.
        """
        with transaction.atomic():
            self._fetch(_WAIT_FOR, comparison=comparison)
            transaction.set_rollback(True)

    def _take(self, order: Order, look: str, drawn_by: str = Drawn.POLICY, **place: Any) -> Pick | None:
        row = self._fetch(_take_statement(order, look, self._declines), **place)
        if row is None:
            return None
        self.may_wait = False
        return Pick(row[0], read_content(row[1]), drawn_by)

    def _place(self) -> dict[str, Any] | None:
        """Where in the order this person was brought last, when the slot they took was still open."""
        row = self._fetch(_PLACE_OF if self.last is not None else _LAST_PLACE, last=self.last)
        return {"last": row[0], "priority": row[1], "open_slots": row[2] + 1} if row else None

    def _has_work(self) -> bool:
        order = ORDERS.get(self.project.queue_policy, SHUFFLED)
        if self._fetch(_pick_statement(order, "top", self._declines, "")) is not None:
            return True
        return self._fetch(_pick_statement(order, "all", self._declines, "")) is not None

    def _gold(self) -> Pick | None:
        """A gold comparison they have not had; it takes a slot if one is open."""
        lowest, highest = self._fetch("SELECT min(id), max(id) FROM labeling_goldanswer") or (None, None)
        if lowest is None or highest is None:
            return None
        start = _random.randint(lowest, max(lowest, highest - GOLD_LOOKED_AT + 1))
        row = self._fetch(_gold_statement(self._declines), lowest=start, highest=start + GOLD_LOOKED_AT - 1)
        if row is None and highest - lowest >= GOLD_LOOKED_AT:
            row = self._fetch(_gold_statement(self._declines), lowest=lowest, highest=highest)
        if row is None:
            return None
        taken = self._fetch(_take_one_statement(), comparison=row[0])
        if taken is not None:
            self.may_wait = False
            return Pick(taken[0], read_content(taken[1]), Drawn.GOLD)
        return Pick(row[0], read_content(row[1]), Drawn.GOLD, takes_slot=False)

    def _repeat(self, now: datetime) -> Pick | None:
        """One they judged a while ago, the first time they see it again; beside its target."""
        row = self._fetch(
            _repeat_statement(self._declines), long_ago=connection.ops.adapt_datetimefield_value(now - REPEAT_AFTER)
        )
        if row is None:
            return None
        return Pick(row[0], read_content(row[1]), Drawn.POLICY, purpose=Purpose.REPEAT, takes_slot=False)

    @property
    def _declines(self) -> bool:
        return bool(self.declined_topics)

    def _fetch(self, statement: str, **more: Any) -> tuple[Any, ...] | None:
        with connection.cursor() as cursor:
            cursor.execute(statement, {**self._parameters, **more})
            row: tuple[Any, ...] | None = cursor.fetchone()
        return row


# The OFFSET keeps PostgreSQL from turning the question into a join that reads all this person has ever done.
_NOT_HAD = """
    AND NOT EXISTS (SELECT 1 FROM labeling_assignment had WHERE had.comparison_id = c.id
        AND had.annotator_id = %(person)s AND had.purpose = 'work' AND had.state IN ('open', 'done', 'skipped')
        LIMIT 1 OFFSET 0)
    AND NOT EXISTS (SELECT 1 FROM labeling_judgment said WHERE said.comparison_id = c.id
        AND said.annotator_id = %(person)s AND said.purpose = 'work' LIMIT 1 OFFSET 0)"""
# Nobody is handed what moderation excluded, though it keeps its slots; an index holds those few.
_NOT_EXCLUDED = """
    AND NOT EXISTS (SELECT 1 FROM labeling_moderationfinding found WHERE found.comparison_id = c.id
        AND found.state = 'removed' LIMIT 1 OFFSET 0)"""
_WAIT_FOR = "SELECT id FROM labeling_comparison WHERE id = %(comparison)s FOR NO KEY UPDATE"
_PLACE_OF = "SELECT id, priority, open_slots FROM labeling_comparison WHERE id = %(last)s"
_LAST_PLACE = """
    SELECT c.id, c.priority, c.open_slots FROM labeling_assignment a
    JOIN labeling_comparison c ON c.id = a.comparison_id
    WHERE a.annotator_id = %(person)s AND a.project_id = %(project)s AND a.closed_at IS NOT NULL
        AND a.drawn_by = 'policy' AND a.purpose = 'work'
    ORDER BY a.closed_at DESC LIMIT 1"""


def _topics(declines: bool) -> str:
    if not declines:
        return ""
    if connection.vendor == "sqlite":
        return " AND c.topic NOT IN (SELECT value FROM json_each(%(topics)s))"
    return " AND c.topic <> ALL(%(topics)s)"


def _open(alias: str = "") -> str:
    """The condition of the indexes. SQLite must hear that nearly all meets it, or it goes by it and sorts them all."""
    condition = f"{alias}open_slots > 0"
    return f"likelihood({condition}, 0.99)" if connection.vendor == "sqlite" else condition


def _rows(order: Order, look: str) -> str:
    """The part of the order that is looked at, as a subselect with the columns that it goes by."""
    columns = f"id, {order.key}" if order.key else "id"
    start = f"SELECT {columns} FROM labeling_comparison WHERE project_id = %(project)s AND {_open()}"  # noqa: S608
    end = f"ORDER BY {order.by} LIMIT {WINDOW_ROWS}"
    if look == "top":
        return f"{start} {end}"
    if look == "sample":
        return f"{start} AND shuffle >= %(place)s ORDER BY shuffle LIMIT {WINDOW_ROWS}"
    if look in ("from", "up to"):
        return f"{start} AND {order.key} {'>=' if look == 'from' else '<'} %(place)s {end}"
    follows = f"id {'<' if order.id_descends else '>'} %(last)s"
    if not order.key:
        return f"{start} AND {follows} {end}"
    same = f"{start} AND {order.key} = %({order.key})s AND {follows} {end}"
    later = f"{start} AND {order.key} {'<' if order.key_descends else '>'} %({order.key})s {end}"
    both = f"SELECT * FROM ({same}) AS same UNION ALL SELECT * FROM ({later}) AS later"  # noqa: S608
    return f"SELECT * FROM ({both}) AS following {end}"  # noqa: S608


@cache
def _pick_statement(order: Order, look: str, declines: bool, locking: str) -> str:
    """The first comparison of a part of the order that this person may have."""
    free = f"{_open('c.')} {_NOT_HAD}{_NOT_EXCLUDED}{_topics(declines)}"
    if look == "all":
        by = ", ".join(f"c.{part}" for part in order.by.split(", "))
        return f"""SELECT c.id FROM labeling_comparison c
            WHERE c.project_id = %(project)s AND {free} ORDER BY {by} LIMIT 1 {locking}"""  # noqa: S608
    # SQLite goes through the part in its order and stops at the first that is free; told the order again, it would
    # look at all of the part and sort it.
    is_in_order = connection.vendor == "sqlite" and look != "sample"
    by = "" if is_in_order else "ORDER BY " + ", ".join(f"seen.{part}" for part in order.by.split(", "))
    return f"""SELECT c.id FROM ({_rows(order, look)}) AS seen CROSS JOIN labeling_comparison c
        WHERE c.id = seen.id AND {free} {by} LIMIT 1 {locking}"""  # noqa: S608


@cache
def _take_statement(order: Order, look: str, declines: bool) -> str:
    """Take a slot of that comparison; answers its id and what it shows, or nothing."""
    locking = "" if connection.vendor == "sqlite" else "FOR NO KEY UPDATE OF c SKIP LOCKED"
    return _take_what(_pick_statement(order, look, declines, locking))


@cache
def _take_one_statement() -> str:
    """Take a slot of one comparison, if one is open and nobody else is at it."""
    locking = "" if connection.vendor == "sqlite" else "FOR NO KEY UPDATE SKIP LOCKED"
    return _take_what(f"SELECT id FROM labeling_comparison WHERE id = %(comparison)s AND open_slots > 0 {locking}")  # noqa: S608


def _take_what(pick: str) -> str:
    content = content_of("labeling_comparison.id")
    return f"UPDATE labeling_comparison SET open_slots = open_slots - 1 WHERE id = ({pick}) RETURNING id, {content}"  # noqa: S608


@cache
def _gold_statement(declines: bool) -> str:
    """Some gold comparison of a part of all gold; to SQLite a CROSS JOIN means to begin with the gold."""
    return f"""
    SELECT c.id, {content_of("c.id")} FROM labeling_goldanswer gold
    CROSS JOIN labeling_comparison c
    WHERE c.id = gold.comparison_id AND gold.id BETWEEN %(lowest)s AND %(highest)s
        AND c.project_id = %(project)s AND c.use = 'work' {_NOT_HAD}{_NOT_EXCLUDED}{_topics(declines)}
    ORDER BY random() LIMIT 1"""  # noqa: S608


@cache
def _repeat_statement(declines: bool) -> str:
    return f"""
    SELECT c.id, {content_of("c.id")} FROM (
        SELECT comparison_id, closed_at, row_number() OVER (ORDER BY closed_at DESC) AS back FROM (
            SELECT comparison_id, closed_at FROM labeling_assignment
            WHERE annotator_id = %(person)s AND project_id = %(project)s AND closed_at IS NOT NULL
                AND state = 'done' AND purpose = 'work'
            ORDER BY closed_at DESC LIMIT {REPEAT_AFTER_JUDGMENTS + REPEATS_LOOKED_AT}
        ) AS latest
    ) AS judged JOIN labeling_comparison c ON c.id = judged.comparison_id
    WHERE (judged.back > {REPEAT_AFTER_JUDGMENTS} OR judged.closed_at <= %(long_ago)s) AND c.use = 'work'
        AND NOT EXISTS (SELECT 1 FROM labeling_assignment again WHERE again.comparison_id = c.id
            AND again.annotator_id = %(person)s AND again.purpose = 'repeat'
            AND again.state IN ('open', 'done', 'skipped') LIMIT 1 OFFSET 0){_NOT_EXCLUDED}{_topics(declines)}
    ORDER BY random() LIMIT 1"""  # noqa: S608
