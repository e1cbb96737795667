"""Label Studio's JSON export: one task a row, {"data", "annotations": [{"completed_by", "result": [...], …}, …], …}.

Read are the templates that compare: `pairwise` (left or right), `choices` that name an answer or say tie, `ranker`
without buckets, `rating` of an answer; what is written beside them becomes the reason. The rules:

- an annotation that was cancelled, or has no result, says nothing; of two by one person the newer stands;
- one marked as ground truth is the gold answer, and no judgment;
- predictions are a machine's and never count;
- buckets of a ranker are in no order, so they are refused.

Source: Label Studio, “Task format” and the tags Pairwise, Ranker, Choices, Rating, TextArea.
"""

from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, verdicts
from preferences.formats.tasks import Said, Task
from preferences.records import ComparisonRecord, Ranking

DROPS = "everything: it is read only"
_SIDES = ("left", "right")


def matches(row: dict[str, Any]) -> bool:
    return isinstance(row.get("data"), dict) and isinstance(row.get("annotations", row.get("completions")), list)


def read(row: dict[str, Any]) -> ComparisonRecord:
    data = fields.required(row, "data")
    if not isinstance(data, dict):
        raise InvalidRow("“data” is not an object.")
    task = Task.of(data)
    gold: set[Ranking] = set()
    said: dict[str, dict[str, Any]] = {}
    for name, annotation in _annotations(row):
        verdict = _said(annotation, task, name)
        if verdict is None:
            continue
        if annotation.get("ground_truth"):
            gold.add(verdicts.ranking(verdict.ranking, len(task.answers), name))
            continue
        annotator = _annotator(annotation.get("completed_by"))
        said[annotator] = {**verdict.as_judgment(), **_circumstances(annotation, name), "annotator": annotator}
    if len(gold) > 1:
        raise InvalidRow("Two annotations marked as ground truth contradict each other.", reason="contradiction")
    k = len(task.answers)
    return fields.record(
        prompt=task.prompt,
        responses=task.responses,
        judgments=[verdicts.judgment(judgment, k, "annotations") for judgment in said.values()],
        gold=next(iter(gold), None),
        metadata=task.metadata,
    )


def _annotations(row: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The annotations that stand, each with its name in a sentence, oldest first."""
    given = row.get("annotations", row.get("completions")) or []
    if not isinstance(given, list) or not all(isinstance(annotation, dict) for annotation in given):
        raise InvalidRow("“annotations” is not a list of objects.")
    named = [(f"annotations, {place}", annotation) for place, annotation in enumerate(given, start=1)]
    standing = [(name, annotation) for name, annotation in named if not annotation.get("was_cancelled")]
    return sorted(standing, key=lambda item: str(item[1].get("created_at") or ""))


def _said(annotation: dict[str, Any], task: Task, name: str) -> Said | None:
    results = annotation.get("result") or []
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise InvalidRow(f"“{name}, result” is not a list of objects.")
    said = Said()
    for result in results:
        value = result.get("value")
        if isinstance(value, dict):
            _take(result, value, task, said, name)
    if results and not said.is_verdict:
        raise InvalidRow(f"“{name}” says nothing of which answer is better. A field mapping can say what it means.")
    return said if results else None


def _take(result: dict[str, Any], value: dict[str, Any], task: Task, said: Said, name: str) -> None:
    """Take one result into what an annotator said."""
    asked = str(result.get("from_name") or result.get("type"))
    where = f"{name}, {asked}"
    if "selected" in value:
        said.prefer(_selected(value["selected"], result.get("to_name"), task, where), len(task.answers), where)
    elif "ranker" in value:
        said.rank([[index] for index in task.places(_ranked(value["ranker"], where), where)], where)
    elif isinstance(value.get("choices"), list):
        for choice in value["choices"]:
            verdict = task.verdict(choice)
            if verdict is None:
                said.remarks.append((asked, fields.text(choice, where)))
            else:
                said.prefer(verdict, len(task.answers), where)
    elif isinstance(value.get("rating"), int | float):
        index = task.index(result.get("to_name"))
        if index is None:
            said.remarks.append((asked, str(value["rating"])))
        else:
            said.rate(index, asked, value["rating"])
    elif "text" in value:
        texts = value["text"] if isinstance(value["text"], list) else [value["text"]]
        said.remarks.append((asked, "\n".join(fields.text(text, where, may_be_empty=True) for text in texts)))


def _selected(side: Any, compared: Any, task: Task, where: str) -> int:
    """Which answer a side of a pair is: the tag says what it compares, where its names are those of the fields."""
    if side not in _SIDES:
        raise InvalidRow(f"“{where}” is {side!r}; a pair has left and right.", reason="bad-judgment")
    place = _SIDES.index(side)
    names = compared if isinstance(compared, list) else str(compared or "").split(",")
    named = [task.index(name.strip()) for name in names if isinstance(name, str)]
    if len(named) == 2 and None not in named and named[0] != named[1]:
        return int(named[place] or 0)
    if len(task.answers) != 2:
        raise InvalidRow(f"“{where}” compares two of {len(task.answers)} answers, and does not say which.")
    return place


def _ranked(value: Any, where: str) -> list[Any]:
    """The ids in their new order. “_” is where Label Studio keeps what was not moved into a bucket."""
    if isinstance(value, dict):
        lists = [ids for name, ids in value.items() if name != "_"] or list(value.values())
        if len(lists) != 1:
            raise InvalidRow(f"“{where}” sorts answers into buckets, which are in no order.", reason="bad-judgment")
        value = lists[0]
    if not isinstance(value, list):
        raise InvalidRow(f"“{where}” is not a list of ids.", reason="bad-judgment")
    return value


def _annotator(person: Any) -> str:
    """The name of who annotated: an id alone would be the same person as another tool's of that number."""
    if isinstance(person, dict):
        person = person.get("email") or person.get("id")
    return fields.IMPORTED if person is None else f"label-studio {person}"[:120]


def _circumstances(annotation: dict[str, Any], name: str) -> dict[str, Any]:
    seconds = annotation.get("lead_time")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0):
        raise InvalidRow(f"“{name}, lead_time” is {seconds!r}, not a number of seconds.", reason="bad-judgment")
    dwell_ms = None if seconds is None else min(round(seconds * 1000), 2**31 - 1)
    return {"dwell_ms": dwell_ms, "judged_at": annotation.get("created_at")}
