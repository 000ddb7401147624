"""A plugin that wants to end the whole program."""

import sys

sys.exit("no licence")
