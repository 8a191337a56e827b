"""What each verdict on curves means, how it is found, and what helps: the text behind the words on Train.

>>> meaning("validation ahead")[:35]
'Validation is up to 5 points ahead:'
"""

from __future__ import annotations

from fer_core.evaluation.report import CHANCE, DISTRUST, HARD, HEALTHY, VERDICTS

_AHEAD = (
    "Validation is ahead of training by 5 points or more at the best epoch. Dropout and augmentation make "
    "training images harder, "
    "but so much is rare: copies of training images among the validation images look the same."
)
_BEHIND = "Training is {} points ahead of validation at the best epoch: the network knows its own images better than new ones. {}"
MEANINGS: dict[str, str] = {
    CHANCE: (
        "The best validation accuracy is no better than the best of so many epochs of guessing (95 % bound, "
        "Bonferroni). Nothing was "
        "learned: the rate is too high, the labels are mixed up, or there are too few images to tell."
    ),
    VERDICTS[0][
        1
    ]: f"{_AHEAD} Look for copies on Duplicates; where there are none, the augmentation is too hard.",
    DISTRUST: f"{_AHEAD} From 10 points on the score means nothing until copies are ruled out.",
    HARD: f"{_AHEAD} Copies are ruled out here, so training is made hard: half the augmentation is worth a try.",
    VERDICTS[1][
        1
    ]: "Validation is up to 5 points ahead: dropout and augmentation act in training alone. Nothing to do.",
    HEALTHY: "Training is 0 to 5 points ahead of validation at the best epoch: what was learned holds for new faces.",
    VERDICTS[3][1]: _BEHIND.format("5 to 10", "A little more augmentation may still help."),
    VERDICTS[4][1]: _BEHIND.format(
        "10 to 15", "Augmentation, weight decay, dropout or label smoothing help."
    ),
    VERDICTS[5][1]: _BEHIND.format(
        "15 or more", "Augmentation, weight decay, dropout, a smaller network or more images help."
    ),
    "unstable": (
        "From epoch to epoch, validation accuracy jumps by more than 3 points (standard deviation over the last "
        "8). The rate is too high for "
        "so many images, or validation has too few. A third of the rate and an average of the weights (EMA) help."
    ),
    "plateau": (
        "The best validation accuracy of the last 8 epochs is no more than .2 points above that of all before. "
        "A falling rate helps; "
        "so does stopping."
    ),
    "underfitting": (
        "All planned epochs are done, less than 70 % of the training images are recognised, and training is not "
        "far ahead. The network is "
        "too small or was trained too briefly."
    ),
    "still rising": "The best epoch is one of the last two and the trend goes up: training ended too early.",
    "weak class": (
        "One class is recognised less than 60 % of the time and 15 points less often than the mean of the "
        "others. It is rare, its labels are "
        "doubtful, or it looks like another class: the confusion matrix on Compare says which."
    ),
    "too little memory": "The process was out of memory. A smaller batch with accumulation takes the same steps "
    "in less.",
    "the loss broke": "The loss was no finite number any more: the step was too long. A lower rate and clipped "
    "gradients help.",
}
"""Word of `advice.Advice` or `report.gap_verdict` -> what it means; `docs/guide-training.md` has the same "
"sentences."""


def meaning(word: str) -> str:
    """What a verdict means; "" of a word that is none."""
    return MEANINGS.get(word, "")
