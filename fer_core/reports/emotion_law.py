"""What the EU's Artificial Intelligence Act, Regulation (EU) 2024/1689, asks of whoever lets a machine read emotions from faces.

Source: https://eur-lex.europa.eu/eli/reg/2024/1689/oj; each article with the date since which it applies. No legal advice.
"""

from __future__ import annotations

SOURCE = "https://eur-lex.europa.eu/eli/reg/2024/1689/oj"
FORBIDDEN = (
    "Not at work and not in education: Article 5(1)(f) forbids to place on the market, to put into service for that purpose, "
    "or to use "
    "AI systems that infer emotions of a person in the areas of workplace and education institutions, except for medical or "
    "safety "
    "reasons. In application since 2 February 2025."
)
INFORM = (
    "Whoever uses it has to inform the people exposed to it that it is at work, and to process their data by data protection "
    "law: "
    "Article 50(3), in application since 2 August 2026; clearly, and at the latest at the first exposure: Article 50(5). What "
    "the law "
    "permits to detect, prevent or investigate crimes is exempt."
)
HIGH_RISK = (
    "Elsewhere a system intended for emotion recognition counts as high-risk: Article 6(2) with Annex III, point 1(c). Its "
    "duties come "
    "with dates of their own; look them up before use."
)
NOTICE = (
    "This camera is read by a computer program that guesses which of these expressions your face shows: {classes}. It sees an "
    "expression, "
    "not what you feel, and it can be wrong. {kept} If you do not want that, tell us before you step in front of it."
)
"""To be shown before a camera is used; `classes` and `kept` are filled in."""
KEPT = "[Say here who runs it, what for, and whether pictures or answers are kept.]"
