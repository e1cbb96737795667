"""What training data should be looked at before it is trained on: pure checks over prompts and responses, one a module.

Each check is a frozen dataclass whose fields are its settings, with one method, `find(subject)`, which yields findings.
`registry` knows them by name and `moderating` runs them. No check decides anything: people do.
"""
