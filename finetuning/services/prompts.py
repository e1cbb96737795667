"""Which prompts policies answer, and the file in which a run keeps them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from finetuning.errors import InvalidPolicyRun, NothingToAnswer
from finetuning.models import Policy
from finetuning.queries import prompts_to_answer, unanswered_prompts, unseen_demo_prompts
from labeling.models import Project, Prompt, Response
from preferences.containers import open_rows
from preferences.errors import InvalidRow, UnreadableFile
from preferences.formats.fields import prompt as read_prompt
from preferences.hashing import prompt_hash

PROMPTS = "prompts.jsonl"
PromptRow = dict[str, Any]  # {"id": prompt hash, "prompt": messages, "metadata"}


def check_file(file: Path) -> None:
    """See that a file holds prompts. Raises: InvalidPolicyRun, NothingToAnswer."""
    if not file.is_file():
        raise InvalidPolicyRun(_("There is no file %(file)s.") % {"file": file}, fields={"prompts": _("no such file")})
    if not sum(1 for _row in rows_of_file(file)):
        raise NothingToAnswer(_("%(file)s holds no prompt.") % {"file": file.name}, fields={"prompts": _("empty")})


def check_project(project: Project, policies: Sequence[Policy]) -> None:
    """See that something in the project is left to answer. Raises: NothingToAnswer."""
    if not unanswered_prompts(project, policies).exists() and not unseen_rows(project, policies, limit=1):
        raise NothingToAnswer(
            _("There is no prompt in “%(project)s” that these policies have not answered. Import more, or name a file.")
            % {"project": project.name}
        )


def choose_rows(project: Project, policies: Sequence[Policy], *, file: Path | None, limit: int) -> Iterator[PromptRow]:
    """The prompts to answer: of the file that was named, else unseen ones of the demo, else the project's own."""
    if file is not None:
        return islice(rows_of_file(file), limit)
    if unseen := unseen_rows(project, policies, limit=limit):
        return iter(unseen)
    return map(_row_of_prompt, prompts_to_answer(project, policies, limit=limit))


def unseen_rows(project: Project, policies: Sequence[Policy], *, limit: int) -> list[PromptRow]:
    """Prompts of the demo that the first policy has never seen, and has not answered in this project either."""
    file = unseen_demo_prompts(policies[0], project)
    if file is None:
        return []
    by_it = Response.objects.filter(prompt__project=project, policy_name=policies[0].name)
    answered = set(by_it.values_list("prompt__content_hash", flat=True))
    return list(islice((row for row in rows_of_file(file) if row["id"] not in answered), limit))


def rows_of_file(file: Path) -> Iterator[PromptRow]:
    """The prompts of a JSONL file, each once, with what the file says of them.

    Raises: InvalidPolicyRun with the number of a line that holds no prompt.
    """
    seen: set[str] = set()
    try:
        for number, row in open_rows(file):
            prompt = _prompt_of(file, number, row)
            if (name := prompt_hash(prompt)) not in seen:
                seen.add(name)
                metadata = row.get("metadata") if isinstance(row, dict) else None
                yield {"id": name, "prompt": prompt, "metadata": metadata if isinstance(metadata, dict) else {}}
    except UnreadableFile as error:
        raise InvalidPolicyRun(str(error), fields={"prompts": str(error)}) from None


def row_of_text(prompt: str) -> PromptRow:
    """A prompt that somebody typed."""
    messages = [{"role": "user", "content": prompt}]
    return {"id": prompt_hash(messages), "prompt": messages, "metadata": {}}


def write_rows(directory: Path, rows: Iterable[PromptRow]) -> None:
    """Write the run's prompts.jsonl whole or not at all."""
    partial = directory / f".{PROMPTS}"
    with partial.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.replace(directory / PROMPTS)


def _prompt_of(file: Path, number: int, row: Any) -> list[Any]:
    try:
        if isinstance(row, InvalidRow):
            raise row
        return [dict(turn) for turn in read_prompt(row.get("prompt"))]
    except InvalidRow as error:
        raise InvalidPolicyRun(
            _("%(file)s, line %(number)d: %(error)s") % {"file": file.name, "number": number, "error": error},
            fields={"prompts": number},
        ) from None


def _row_of_prompt(prompt: Prompt) -> PromptRow:
    metadata = {"language": prompt.language} if prompt.language else {}
    return {"id": prompt.content_hash, "prompt": prompt.messages, "metadata": metadata}
