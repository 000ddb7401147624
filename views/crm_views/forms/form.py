"""The one routine every form of the product goes through: shown on GET, checked on POST, nothing typed is ever lost.

The schema decides what is valid, the caller's ``on_valid`` decides what happens. What either refuses comes back with
status 422, all values in place, a summary that takes the focus, and each sentence at its field.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import colander
import deform
import peppercorn
from chameleon.utils import Markup
from deform import Field
from pyramid.csrf import get_csrf_token
from pyramid.request import Request
from pyramid.response import Response

from crm_core.errors import CrmError, Forbidden, Invalid, NotFound, StaleChange, Veto
from crm_core.i18n import Text, TextFactory
from crm_core.text.filenames import isolated
from crm_views.components.ui import SummaryError
from crm_views.forms import commands
from crm_views.forms.drafts import WRITER, FormDraft
from crm_views.forms.files import FileWidget, kept_files, upload_session, upload_store
from crm_views.forms.look import Look, Submission
from crm_views.forms.messages import MALFORMED
from crm_views.forms.prepare import build
from crm_views.forms.revisions import StaleForm
from crm_views.forms.structure import keep_blank_rows, labelled, shaped, walk
from crm_views.forms.told import remember
from crm_views.forms.uploads import StoredUpload
from crm_views.forms.widgets import PasswordWidget

_ = TextFactory("crm_views")

SUBMISSION_KEY = "submission_key"
REVISION = "revision"
FORM = "__formid__"
LONGEST_HIDDEN = 200
LONGEST_REVISION = 4_000
"""Characters of a hidden value that are carried on: a revision has some for each field of the form."""

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


OnValid = Callable[[Submission], "Response | dict[str, Any]"]


def handle(
    request: Request,
    schema: colander.SchemaNode,
    *,
    submit_label: Text,
    on_valid: OnValid,
    appstruct: Mapping[str, Any] | None = None,
    hidden: Mapping[str, str] | None = None,
    name: str = "form",
    action: str = "",
    look: Look | None = None,
) -> dict[str, Any] | Response:
    """Show the form of ``schema`` on GET; on POST check it and call ``on_valid(submission)``, whose result is returned.

    Gives ``{"form": Markup, "error_count": int}`` for the page's template, with status 422 where something was refused.
    ``on_valid`` may raise `Invalid` (by field name; rows by ``name.row.name``), `Veto`, `StaleChange` and any other
    `CrmError`: the transaction is doomed, the sentences come into the form. NotFound and Forbidden pass through.
    ``appstruct`` fills the form at first; where the request has a ``kept_form`` (names and values typed before
    something came between) that fills it instead. ``hidden`` travels along: ``submission_key`` (made here where
    missing) and ``revision`` are given to ``on_valid``; after a `StaleChange` the form carries the revision given now:
    sending it again is a decision. A form sent without the revision it was given is stale. Several forms on one page
    need a ``name`` each. CSRF is Pyramid's, by the field csrf_token.
    ``request.kept_form``, where the application has it, holds the pairs of an earlier try that a GET starts with;
    ``request.draft_of``, what was typed here and never sent (`crm_views.drafts`).
    """
    schema = schema.bind(request=request) if getattr(schema, "bindings", None) is None else schema
    look = look or Look()
    form = build(request, schema, name=name, appstruct=appstruct, template=look.template)
    run = _Run(request, form, submit_label, dict(hidden or {}), action, look)
    if request.method == "POST" and request.POST.get(FORM, name) == name:
        return run.submitted(on_valid)
    return run.shown(getattr(request, "kept_form", ()))


class _Run:
    """One form in one request."""

    def __init__(
        self, request: Request, form: deform.Form, submit_label: Text, hidden: dict[str, str], action: str, look: Look
    ) -> None:
        self.request = request
        self.form = form
        self.submit_label = submit_label
        self.given = hidden
        self.hidden = {SUBMISSION_KEY: secrets.token_urlsafe(16)} | hidden
        self.action = action
        self.look = look
        self.show = request.ui.show
        self.draft = FormDraft(request, form, action, look, submit_label)
        if self.draft.is_wanted:
            self.hidden[WRITER] = secrets.token_urlsafe(8)

    def shown(self, typed: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The form as it starts, or with what was ``typed`` into it before something else had to come between."""
        if (FORM, self.form.formid) not in typed:
            typed = self.draft.opened()
        if (FORM, self.form.formid) in typed:
            self._carry(dict(typed))
            posted, _loose = self._read(list(typed))
            self._refill(posted)
            for field, _above in walk(self.form):
                field.gone = field.error is not None  # a file that is kept no more; nobody has sent this form yet
                field.error = None
        return self.page(())

    def submitted(self, on_valid: OnValid) -> dict[str, Any] | Response:
        self._carry(self.request.POST)
        posted, loose = self._read(list(self.request.POST.items()))
        command = self.request.POST.get(commands.CONTROL)
        if isinstance(command, str) and command:
            commands.apply(self.form, posted, command)
            self._refill(posted)
            return self.page(())
        try:
            values = self.form.validate_pstruct(posted)
        except deform.ValidationFailure:
            return self.refused(loose)
        if loose or self._wrong():
            return self.refused(loose)
        if REVISION in self.given and not isinstance(self.request.POST.get(REVISION), str):
            # Who does not say what the change starts from has not seen what is there now.
            self._abort()
            return self.refused(self._place(StaleChange({})))
        submission = Submission(
            values, self.hidden[SUBMISSION_KEY], self.hidden.get(REVISION, ""), dict(self.hidden),
            str(self.request.POST.get("submit", "")),
        )
        remember(self.request, self.form)
        try:
            result = on_valid(submission)
        except (NotFound, Forbidden):
            raise
        except CrmError as error:
            self._abort()
            return self.refused(self._place(error))
        self._forget_files()
        forget_kept = getattr(self.request, "forget_kept_form", None)
        if forget_kept is not None:
            forget_kept()
        self.draft.taken(submission.submission_key)
        return result

    # Reading

    def _carry(self, posted: Mapping[str, Any]) -> None:
        """Hidden values as they came: a form shown again is the same submission of the same revision."""
        for key in self.hidden:
            value = posted.get(key)
            if key == REVISION and isinstance(value, str):
                value = value[:LONGEST_REVISION]  # one that is longer was never given: what starts from it is stale
            most = LONGEST_REVISION if key == REVISION else LONGEST_HIDDEN
            if isinstance(value, str) and len(value) <= most and (key != SUBMISSION_KEY or _KEY.fullmatch(value)):
                self.hidden[key] = value

    def _read(self, controls: list[tuple[str, Any]]) -> tuple[dict[str, Any], list[Text]]:
        # A small button stands inside the rows it changes, and a browser sends it at its place among them.
        controls = [(key, value) for key, value in controls if key != commands.CONTROL]
        try:
            parsed = peppercorn.parse(controls)
        except (ValueError, TypeError, AttributeError, IndexError):
            return {}, [MALFORMED]
        posted, wrong = shaped(self.form, parsed)
        for field in wrong:
            field.error = colander.Invalid(field.schema, MALFORMED)
        return posted, []

    def _refill(self, posted: dict[str, Any]) -> None:
        """What was typed, unchecked, into the form; only a refused file is an error already now."""
        keep_blank_rows(self.form)
        try:
            self.form.cstruct = self.form.deserialize(posted)
        except colander.Invalid as error:
            self.form.widget.handle_error(self.form, error)
            self.form.cstruct = error.value
        for field, _above in walk(self.form):
            if not isinstance(field.widget, FileWidget):
                field.error = None
        self.form.error = None

    # Answering

    def page(self, loose: Sequence[Text]) -> dict[str, Any]:
        errors = self._errors(loose)
        html = self.form.serialize(self.form.cstruct, form=self, errors=errors)
        fields = len({error.target for error in errors if error.target})
        return {"form": Markup(html), "error_count": fields or min(1, len(errors))}

    def refused(self, loose: Sequence[Text]) -> dict[str, Any]:
        self._own_required_words()
        self.request.response.status_int = 422
        return self.page(loose)

    def _errors(self, loose: Sequence[Text]) -> list[SummaryError]:
        tell = self.form.renderer.tell
        found = [SummaryError("", "", tell(message)) for message in loose]
        for field, above in [(self.form, ()), *walk(self.form)]:
            for text in self.form.renderer.said(field):
                if field is self.form:
                    found.append(SummaryError("", "", text))
                else:
                    found.append(SummaryError(field.oid, labelled(field, above, self.show), text))
        return found

    def _wrong(self) -> bool:
        return any(field.error is not None for field, _above in walk(self.form))

    def _own_required_words(self) -> None:
        """ "Fill this in" becomes "Choose one" where there is something to choose."""
        for field, _above in walk(self.form):
            words = getattr(field.widget, "required_message", None)
            if words is not None and field.error is not None and field.error.msg == "Required":
                field.error.msg = words

    def _place(self, error: CrmError) -> list[Text]:
        """Put the sentences of ``error`` at their fields; gives those that belong to none."""
        if isinstance(error, Invalid):
            return [text for path, text in error.errors.items() if not self._at(path, text)]
        if isinstance(error, Veto):
            return [] if error.field and self._at(error.field, error.message) else [error.message]
        if isinstance(error, StaleChange):
            for path, theirs in error.theirs.items():
                self._at(path, _("Now it says: ${value}", mapping={"value": self._in_words(path, theirs)}))
            if REVISION in self.given:
                self.hidden[REVISION] = error.revision if isinstance(error, StaleForm) else self.given[REVISION]
        return [error.message]

    def _at(self, path: str, message: Text) -> bool:
        field = commands.find(self.form, path)
        if field is None:
            return False
        field.error = colander.Invalid(field.schema, message)
        return True

    def _in_words(self, path: str, value: object) -> str:
        field = commands.find(self.form, path)
        if field is None or not hasattr(field.widget, "said"):
            return str(value)
        cstruct = str(value).lower() if isinstance(value, bool) else value
        return str(field.widget.said(field, str(cstruct) if isinstance(cstruct, int) else cstruct))

    def _abort(self) -> None:
        """What ``on_valid`` had written before it raised must not be committed with the page that says so."""
        manager = getattr(self.request, "tm", None)
        if manager is not None:
            manager.doom()

    def _forget_files(self) -> None:
        """Drop the kept files once what they became is stored; a transaction that runs again still finds them."""
        uids = [
            file.uid
            for field, _above in walk(self.form)
            if isinstance(field.widget, FileWidget) and field.cstruct is not colander.null
            for file in field.cstruct
            if isinstance(file, StoredUpload)
        ]
        if not uids:
            return
        store, session = upload_store(self.request), upload_session(self.request)

        def forget(committed: bool = True) -> None:
            for uid in uids if committed else ():
                store.remove(session, uid)

        manager = getattr(self.request, "tm", None)
        if manager is None:
            self.request.add_finished_callback(lambda _request: forget())
        else:
            manager.get().addAfterCommitHook(forget)

    # What templates ask

    @property
    def draft_marks(self) -> dict[str, str]:
        """Attributes of the form element by which js/drafts.js keeps what is typed; none where nothing is kept."""
        return self.draft.marks(self.hidden)

    @property
    def csrf_token(self) -> str:
        return str(get_csrf_token(self.request))

    @property
    def main_fields(self) -> list[Field]:
        """The fields that are not folded away."""
        names = self.look.folded.names if self.look.folded is not None else ()
        return [field for field in self.form.children if field.name not in names]

    @property
    def folded_fields(self) -> list[Field]:
        names = self.look.folded.names if self.look.folded is not None else ()
        return [field for field in self.form.children if field.name in names]

    @property
    def fold_is_open(self) -> bool:
        """Whether something in there is wrong, or was asked for and is not filled in."""
        return any(field.error is not None or (field.required and field.cstruct in (colander.null, "", None))
                   for field in self.folded_fields)

    @property
    def fold_says(self) -> str:
        """What stands in the folded fields, in words."""
        said = [
            field.widget.said(field, field.cstruct) for field in self.folded_fields
            if hasattr(field.widget, "said") and field.cstruct not in (colander.null, "", None)
        ]
        return self.show.text(_(", ")).join(said)

    @property
    def has_files(self) -> bool:
        return any(isinstance(field.widget, FileWidget) for field in self._all())

    @property
    def has_small_buttons(self) -> bool:
        """Whether buttons stand before the main one (rows to add, files to remove), which Enter must not press."""
        return any(field.children or isinstance(field.widget, FileWidget) for field in self._all())

    @property
    def all_required(self) -> bool:
        """Whether the sentence "everything is required unless…" helps: where little may be left out."""
        return not self.marks_needed and any(not field.required for field in self._asked())

    @property
    def marks_needed(self) -> bool:
        """Whether the needed fields are marked, and not the optional ones: the marks are for the fewer of them."""
        needed = [field.required for field in self._asked()]
        return needed.count(False) > needed.count(True)

    def mark(self, field: Field) -> str:
        """The word beside a field's name that says whether it must be filled in; "" where that needs no word.

        A node may bring its own as ``mark``: of two fields, say, of which one is needed.
        """
        own = getattr(field.schema, "mark", "")
        if own or getattr(field.widget, "kind", "single") in ("bare", "hidden"):
            return self.show.text(own)
        if self.marks_needed:
            return self.show.text(_("needed")) if field.required else ""
        return "" if field.required else self.show.text(_("optional"))

    def _asked(self) -> list[Field]:
        """The fields of the form itself that somebody fills in or leaves out; a box to tick is never left out."""
        filled = (field for field in self.form.children if not hasattr(field.schema, "mark"))
        return [field for field in filled if getattr(field.widget, "kind", "single") not in ("bare", "hidden")]

    @property
    def kept(self) -> str:
        """What was kept, in words; passwords never are."""
        fields = [field for field, _above in walk(self.form)]
        if any(isinstance(field.widget, PasswordWidget) for field in fields):
            return self.show.text(_("Everything but the password is still here."))
        files = kept_files(fields)
        if not files:
            return self.show.text(_("Everything you typed is still here."))
        quoted = (self.show.text(_("“${name}”", mapping={"name": isolated(name)})) for name in files)
        names = self.show.text(_(", ")).join(quoted)
        return self.show.text(_("Everything you typed and ${names} is still here.", mapping={"names": names}))

    def _all(self) -> list[Field]:
        return [field for field, _above in walk(self.form)]


def read_only(request: Request, schema: colander.SchemaNode, values: Mapping[str, Any]) -> Markup:
    """The fields of ``schema`` with ``values`` as a list of terms and descriptions; what was left out is not shown."""
    form = build(request, schema, appstruct=values)
    return Markup(form.serialize(form.cstruct, readonly=True))
