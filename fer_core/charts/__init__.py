"""Tables in, figures out: no Streamlit, no reading of files.

Every function takes plain values or a DataFrame whose columns its docstring lists, and `dark` for the theme
the page shows. Figures have a transparent background, no title (pages write headings) and say in words what
they show, for screen readers: `describe(figure)` in `theme`.
"""
