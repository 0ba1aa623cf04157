"""A search: Optuna chooses the points of a sweep one after the other, and stops hopeless ones after
a round."""
