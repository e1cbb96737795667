"""Every way in which labeling says no."""

from config.errors import PlumblineError


class LabelingError(PlumblineError):
    """Base of labeling's expected failures."""


class InvalidVerdict(LabelingError):
    """The verdict does not fit the comparison or the instrument."""

    code = "invalid_verdict"
    status = 422


class AssignmentClosed(LabelingError):
    """The assignment was answered with another verdict, skipped or released."""

    code = "assignment_closed"
    status = 409


class VerdictConflict(LabelingError):
    """The same client id arrived before with a different verdict."""

    code = "verdict_conflict"
    status = 409


class NothingToUndo(LabelingError):
    """The annotator has no judgment in this project that could be reopened."""

    code = "nothing_to_undo"
    status = 409


class NotAMember(LabelingError):
    """The person may see the project but not do this in it."""

    code = "forbidden"
    status = 403


class InvalidPerson(LabelingError):
    """A person or a role that cannot be made."""

    code = "invalid_person"
    status = 422


class InvalidPreferences(LabelingError):
    """Keys or settings of the workbench that cannot be kept as asked."""

    code = "invalid_preferences"
    status = 422


class InvalidProject(LabelingError):
    """A project that cannot be made as asked."""

    code = "invalid_project"
    status = 422


class UnknownProject(LabelingError):
    """No project has that slug."""

    code = "unknown_project"
    status = 404


class InvalidLeaderboard(LabelingError):
    """A leaderboard that cannot be computed as asked."""

    code = "invalid_leaderboard"
    status = 422


class NoPlantedQuality(LabelingError):
    """Simulated annotators were sent to comparisons that hold no planted truth."""

    code = "no_planted_quality"
    status = 422


class ReviewMovedOn(LabelingError):
    """Another reviewer, or the annotator, did something to this comparison since the reviewer saw it."""

    code = "review_moved_on"
    status = 409


class OwnJudgment(LabelingError):
    """A reviewer reached for a comparison that they judged themselves."""

    code = "own_judgment"
    status = 403


class InvalidReview(LabelingError):
    """A review that cannot be given as asked: a return without a comment, or to nobody who could do it again."""

    code = "invalid_review"
    status = 422


class InvariantBroken(LabelingError):
    """The database holds rows that contradict each other."""

    code = "invariant_broken"
    status = 500


class UnreadableUpload(LabelingError):
    """A file that cannot be read as rows: empty, another kind of file, damaged, or in no known format."""

    code = "unreadable_file"
    status = 422


class ImportOvertaken(LabelingError):
    """Another attempt at the same import has stored rows meanwhile; what this one read is not stored twice."""

    code = "import_overtaken"
    status = 409


class RowsRefused(LabelingError):
    """All rows or none were to be imported, and some cannot be taken: nothing was stored."""

    code = "rows_refused"
    status = 422


class UploadTooLarge(LabelingError):
    """An uploaded file is larger than this installation takes."""

    code = "upload_too_large"
    status = 413


class InvalidSnapshot(LabelingError):
    """A snapshot that cannot be frozen as asked, or an export that cannot be written."""

    code = "invalid_snapshot"
    status = 422


class SnapshotFileMissing(LabelingError):
    """A snapshot's row is there, its file is not."""

    code = "snapshot_file_missing"
    status = 410


class ImportStopped(LabelingError):
    """An import ended before its file did; what it stored stays."""

    code = "import_stopped"
    status = 409


class UnknownSnapshot(LabelingError):
    """The project has no snapshot of that name."""

    code = "unknown_snapshot"
    status = 404


class NotQualified(LabelingError):
    """A step stands between this person and judging: a warning, guidelines, practice or the exam."""

    code = "not_qualified"
    status = 403


class StepMovedOn(LabelingError):
    """A step of the way to judging was taken already, or its text has changed since it was shown."""

    code = "step_moved_on"
    status = 409


class InvalidInvitation(LabelingError):
    """An invitation that cannot be made as asked."""

    code = "invalid_invitation"
    status = 422


class InvitationOver(LabelingError):
    """An invitation that was revoked, has expired, or has let in as many people as it may."""

    code = "invitation_over"
    status = 410


class InvitationForAnother(LabelingError):
    """An invitation that was sent to another address than the person's."""

    code = "invitation_for_another"
    status = 403


class InvalidGold(LabelingError):
    """An expected verdict that does not fit its comparison."""

    code = "invalid_gold"
    status = 422


class GoldInUse(LabelingError):
    """A comparison whose place among work, practice and exam is settled: somebody has judged it."""

    code = "gold_in_use"
    status = 409


class InvalidModeration(LabelingError):
    """A moderation that cannot run or be decided as asked: no such check, setting, finding or decision."""

    code = "invalid_moderation"
    status = 422


class LastOwner(LabelingError):
    """An installation must keep an owner who can log in."""

    code = "last_owner"
    status = 409


class InvalidTarget(LabelingError):
    """A number of judgments that a comparison cannot want."""

    code = "invalid_target"
    status = 422


class NotMeasured(LabelingError):
    """Nobody has measured the judgments of a large project yet."""

    code = "not_measured"
    status = 404
