"""A module that does not say for which API it is written."""
