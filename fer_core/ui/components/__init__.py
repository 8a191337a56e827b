"""Parts that several pages draw: tables, face sheets, cards, styles.

They take plain values and know no page. `markup` makes HTML, `face_sheet` draws faces, `style` and `browser_part`
load style sheets and scripts.
"""
