"""Tables out of public data whose rows are spread over several files, or hold several comparisons each.

One module a folder, with `tables(folder)`: (name, rows) of each table. A field mapping then says what its columns mean.
"""
