"""Runs on datasets they have not learned from: answers, a matrix with intervals, and what a drop in accuracy consists of."""
