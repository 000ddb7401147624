"""The web of the service desk: application, forms, components, the staff desk; plugins' pages import `crm_views.api`.

`crm_views.app.make_app` makes the WSGI application of an opened `crm_core.app.App`.
"""
