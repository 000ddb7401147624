"""Full text search behind the protocol of `crm_core.services.textsearch`.

analysis: Persian and Latin words · query: what a person typed, guarded · asking: what backends have in common ·
whoosh_index: the default backend · postgres_index, tantivy_index: others · indexer: feeds one from the journal ·
testing: the conformance suite every backend passes.
"""
