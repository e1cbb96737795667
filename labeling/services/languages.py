"""The language in which a person reads the pages."""

from django.conf import settings

from labeling.models import Person


def choose_language(*, person: Person, language: str) -> bool:
    """Keep the language a person chose, so that it follows them to another browser. False for one we do not speak."""
    if language not in dict(settings.LANGUAGES):
        return False
    Person.objects.filter(pk=person.pk).update(language=language)
    return True
