"""Reading import files: CSV, JSON and vCard in, checked plain rows out. Nothing here knows the database.

`open_rows` is the way in; mappings say what the columns of other systems' files mean.
"""

from crm_core.importing.mappings import Mapping, load, names
from crm_core.importing.reading import Rows, open_rows
from crm_core.importing.rows import ContactRow, ImportFailed, Rejected, RequestRow

__all__ = ["ContactRow", "ImportFailed", "Mapping", "Rejected", "RequestRow", "Rows", "load", "names", "open_rows"]
