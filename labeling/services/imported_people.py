"""The annotators that a file names: people of kind "imported", who never log in."""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from labeling.models import Person

ANONYMOUS = "imported"
_PSEUDONYM = re.compile(r"i-[a-z2-7]{10}")


@lru_cache(maxsize=4096)
def imported_pseudonym(name: str) -> str:
    """The pseudonym under which an imported annotator appears everywhere.

    It is made from the name alone, so that one file gives one snapshot on every installation, and it does not show
    the name, which may be somebody's address. A pseudonym made by this function stays what it is: an export that is
    imported again names the same people.
    """
    if name == ANONYMOUS or _PSEUDONYM.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).digest()
    return "i-" + base64.b32encode(digest)[:10].decode().lower()


def ensure_imported_people(names: Iterable[str]) -> dict[str, Person]:
    """Find or make the people behind annotators' names in a file; returns them by name.

    An imported judgment never counts as one by a person who works here, whatever name the file gives.
    """
    wanted = {name: imported_pseudonym(name) for name in names}
    found = _by_pseudonym(wanted.values())
    missing = {pseudonym: name for name, pseudonym in wanted.items() if pseudonym not in found}
    if missing:
        people = [_imported_person(pseudonym, name) for pseudonym, name in sorted(missing.items())]
        Person.objects.bulk_create(people, ignore_conflicts=True)  # another import may be making the same ones
        found = _by_pseudonym(wanted.values())
    return {name: found[pseudonym] for name, pseudonym in wanted.items()}


def _by_pseudonym(pseudonyms: Iterable[str]) -> dict[str, Person]:
    people = Person.objects.filter(pseudonym__in=set(pseudonyms), kind=Person.Kind.IMPORTED)
    return {person.pseudonym: person for person in people}


def _imported_person(pseudonym: str, name: str) -> Person:
    person = Person(
        email=f"{pseudonym}@imported.invalid", name=name[:120], pseudonym=pseudonym, kind=Person.Kind.IMPORTED
    )
    person.set_unusable_password()
    return person
