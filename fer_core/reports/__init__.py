"""Documents about datasets, splits and runs, from the templates in this folder.

`dataset_report`, `certificate_page`, `comparison_page`, `story`, `model_card` and `production` are documents, the last three of
the parts of `document`. `datasheet` is for programs, `written` writes what is asked of a dataset, `table_text` tables.
"""
