"""The one routine every form of the product goes through: shown on GET, checked on POST, nothing typed is ever lost.

The schema decides what is valid, the caller's ``on_valid`` decides what happens. What either refuses comes back with
status 422, all values in place, a summary that takes the focus, and each sentence at its field.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from crm_views.components.ui import SummaryError
from crm_views.forms import commands
from crm_views.forms.filenames import isolated
from crm_views.forms.files import FileWidget, kept_files, upload_session, upload_store
from crm_views.forms.messages import MALFORMED
from crm_views.forms.prepare import build
from crm_views.forms.structure import keep_blank_rows, labelled, shaped, walk
from crm_views.forms.uploads import StoredUpload
from crm_views.forms.widgets import PasswordWidget

_ = TextFactory("crm_views")

SUBMISSION_KEY = "submission_key"
REVISION = "revision"
FORM = "__formid__"

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Submission:
    """What a valid form said.

    ``values`` as the schema gives them; ``submission_key`` is one per form shown, the same when it is sent twice;
    ``revision`` and ``hidden`` are what the form carried, as text; ``button`` is the value of the button pressed.
    """

    values: dict[str, Any]
    submission_key: str
    revision: str
    hidden: Mapping[str, str]
    button: str


@dataclass(frozen=True)
class Button:
    """One more submit button: ``value`` arrives as `Submission.button`."""

    value: str
    text: Text
    look: str = "quiet"
    icon: str = ""


@dataclass(frozen=True)
class Look:
    """How a form is drawn. ``layout``: a ``sheet`` in two columns with a foot, or ``plain`` fields one below the other.

    ``template`` (``package:path/name.pt``) replaces the whole form; start from ``templates/form.pt``.
    """

    heading: Text = ""
    note: Text = ""
    layout: str = "sheet"
    submit_icon: str = ""
    buttons: tuple[Button, ...] = ()
    cancel: str = ""
    template: str = ""
    css: str = ""


OnValid = Callable[[Submission], "Response | dict[str, Any]"]


class StaleForm(StaleChange):
    """A stale change of a form that says itself from which ``revision`` it goes on.

    A form of many fields needs it: what its reader never touched must not become his decision.
    """

    def __init__(self, theirs: Mapping[str, object], revision: str) -> None:
        super().__init__(theirs)
        self.revision = revision


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
    sending it again is a decision. Several forms on one page need a ``name`` each. CSRF is Pyramid's, by the field
    csrf_token.
    ``request.kept_form``, where the application has it, holds the pairs of an earlier try that a GET starts with.
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

    def shown(self, typed: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The form as it starts, or with what was ``typed`` into it before something else had to come between."""
        if (FORM, self.form.formid) in typed:
            self._carry(dict(typed))
            posted, _loose = self._read(list(typed))
            self._refill(posted)
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
        submission = Submission(
            values, self.hidden[SUBMISSION_KEY], self.hidden.get(REVISION, ""), dict(self.hidden),
            str(self.request.POST.get("submit", "")),
        )
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
        return result

    # Reading

    def _carry(self, posted: Mapping[str, Any]) -> None:
        """Hidden values as they came: a form shown again is the same submission of the same revision."""
        for key in self.hidden:
            value = posted.get(key)
            if key == REVISION and isinstance(value, str):
                value = value[:200]  # one that is longer was never given: what starts from it is stale
            if isinstance(value, str) and len(value) <= 200 and (key != SUBMISSION_KEY or _KEY.fullmatch(value)):
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
        return {"form": Markup(html), "error_count": len(errors)}

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
    def csrf_token(self) -> str:
        return str(get_csrf_token(self.request))

    @property
    def has_files(self) -> bool:
        return any(isinstance(field.widget, FileWidget) for field in self._all())

    @property
    def has_small_buttons(self) -> bool:
        """Whether buttons stand before the main one (rows to add, files to remove), which Enter must not press."""
        return any(field.children or isinstance(field.widget, FileWidget) for field in self._all())

    @property
    def all_required(self) -> bool:
        """Whether the sentence "everything is required unless…" helps: only where something may be left out."""
        return any(not field.required for field in self._all())

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


__all__ = ["Button", "Look", "StaleForm", "Submission", "handle", "read_only"]
