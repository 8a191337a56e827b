"""The Try it page: photos, camera and live video.

`reading` asks the model, `photo_results` shows its answers, `model_comparison` asks several models, `self_test` is
the personal report card.
"""
