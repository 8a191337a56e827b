"""Tables in, figures out: no Streamlit, no reading of files.

Every function takes plain values or a DataFrame whose columns its docstring lists, and `dark` for the theme
the page shows. Figures have a transparent background and no title (pages write headings). They say in words
what they show, for screen readers: Altair charts carry it as their `description`; for the Plotly figure,
`charts.evaluation` gives the `alt` text.
"""
