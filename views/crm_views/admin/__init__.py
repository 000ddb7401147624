"""The administration pages, all below ``/admin`` and all for those who administer (the audit trail also for reviewers).

Modules: `overview` the start page, `column` the list of views beside every page · `units` · `users` with `accounts`
(passwords, logins, open work), `devices` and `officials` (whose own record a member of staff is) · `roles` · `types` ·
`calendars` with `calendar_forms` and `calendar_words` · `targets` ·
`settings` · `health` with `letters` (what could not be done) · `audit` with `audit_words` · `first_run` with
`setup_code` (the first administrator of a new installation) · `changes` (forms that several people change at once).
"""
