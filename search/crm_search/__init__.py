"""Full text search behind the protocol of `crm_core.services.textsearch`.

analysis: Persian and Latin words · query: what a person typed, guarded · whoosh_index: the default backend ·
indexer: feeds it from the journal · testing: the conformance suite every backend passes.
"""
