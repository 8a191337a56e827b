"""What every page is built from. With the pages, the only place that imports Streamlit."""
