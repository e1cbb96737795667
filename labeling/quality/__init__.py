"""How good a project's judgments are: read from the database, measured by `labeling.stats`, put into words for a page.

`reading` (into `data`) → `measuring` (with `people`) → one JSON report → `page`. `services.quality` keeps the report.
What imports numpy is imported where it is used, so that the web process starts without it.
"""
