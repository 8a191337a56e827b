"""Documents about datasets, splits and runs, from the templates in this folder.

`dataset_report`, `certificate_page`, `comparison_page` and `model_card` are the documents; `table_text` writes
tables.
"""
