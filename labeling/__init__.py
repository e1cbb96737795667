"""People → judgments → snapshots: serving comparisons, keeping what was judged, freezing datasets. No torch."""
