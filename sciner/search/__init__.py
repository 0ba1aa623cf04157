"""Searches: Optuna chooses the points of a sweep in turn, and prunes hopeless trials."""
