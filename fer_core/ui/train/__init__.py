"""The Train page.

`new_run` and `recipe_form` start a run, `run_queue` lists those that wait, `detail` follows one with `header`,
`curves` and `controls`.
"""
