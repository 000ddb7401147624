"""Everything that is stored: only classes of this package are ever pickled into the database."""
