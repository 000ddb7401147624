"""Full text search: Whoosh behind the protocol of ``crm_core.services.textsearch``, fed from the journal."""
