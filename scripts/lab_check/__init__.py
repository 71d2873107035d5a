"""How each lesson of `zoo lab` is used and checked; see ../lab_check.py."""
