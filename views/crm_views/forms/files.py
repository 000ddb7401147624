"""The file field: what was sent is kept at once, so that nobody has to choose a file twice.

Kept files are named in the form by their ids only; the store gives them back to the session that sent them. With the
script each file is sent when it is chosen (`take_file`), and the form then carries its id; without it files come with
the form.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import colander
from deform import Field

from crm_core.i18n import Text, TextFactory
from crm_core.text.filenames import safe_name
from crm_views.forms.messages import MALFORMED
from crm_views.forms.rendering import address
from crm_views.forms.uploads import MEGABYTE, StoredUpload, UploadRefused, UploadStore
from crm_views.forms.widgets import OwnWidget, show_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

ACCEPT = ".pdf,.png,.jpg,.jpeg,.gif,.webp,.tif,.tiff,.heic,.docx,.xlsx,.zip,.txt,.csv,.eml,.mp3,.mp4,.ogg,.wav,.amr"
_SESSION_KEY = "upload_key"


class UploadType(colander.SchemaType):
    """The colander type of a file field: a tuple of `StoredUpload`, passed through."""

    def serialize(self, node: colander.SchemaNode, appstruct: Any) -> Any:
        return colander.null if appstruct is colander.null else tuple(appstruct)

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        return colander.null if cstruct is colander.null or not cstruct else tuple(cstruct)

    def cstruct_children(self, node: colander.SchemaNode, cstruct: Any) -> list[Any]:
        return []


def upload_store(request: Request) -> UploadStore:
    """The application's upload store. Raises LookupError where none was set with ``config.set_upload_store``."""
    store: UploadStore | None = getattr(request.registry, "crm_uploads", None)
    if store is None:
        raise LookupError("no upload store: call config.set_upload_store(UploadStore(folder))")
    return store


def upload_session(request: Request) -> str:
    """The user and the secret by which this browser's kept files are found; made when the first file comes."""
    key = request.session.get(_SESSION_KEY)
    if not key:
        key = request.session[_SESSION_KEY] = secrets.token_urlsafe(24)
    user = getattr(getattr(request, "login", None), "user", None)
    return f"{user.id}.{key}" if user is not None else str(key)


class FileWidget(OwnWidget):
    """Up to ``most`` files. The cstruct is a tuple of `StoredUpload`; names refused lie on the field, ``refused``."""

    template = "file_upload"
    readonly_template = "readonly/list"
    kind = "file"
    wide = True
    accept = ACCEPT

    def __init__(self, most: int = 1, **kw: Any) -> None:
        super().__init__(**kw)
        self.most = most

    def limits(self, field: Field) -> str:
        """What may be sent, in words."""
        show, limit = show_of(field), upload_store(field.renderer.request).max_bytes
        if self.most == 1:
            return str(show.text(_("one file of up to ${size}", mapping={"size": show.size(limit)})))
        return str(show.text(_("up to ${count} files of up to ${size} each",
                               mapping={"count": self.most, "size": show.size(limit)})))

    def words(self, field: Field) -> str:
        """What the script says of files on their way, as JSON; ``{name}`` and ``{part}`` stand for what it fills in."""
        show, limit = show_of(field), upload_store(field.renderer.request).max_bytes
        name = {"name": "{name}", "part": "{part}"}
        sentences = {
            "sending": _("Being sent: ${part} %", mapping=name),
            "waiting": _("Waits for the one before"),
            "sent": _("“${name}” is here.", mapping=name),
            "large": _("“${name}” is larger than ${limit} MB.", mapping={**name, "limit": max(1, limit // MEGABYTE)}),
            "many": _("Too many files; ${count} at most.", mapping={"count": self.most}),
            "broken": _("“${name}” did not arrive: the connection broke, or your login ended. Try again.",
                        mapping=name),
            "first": _("Files are still being sent; the form follows as soon as they are here."),
            "left": _("A file did not arrive. Try again or take it out, then send the form."),
        }
        return json.dumps({key: show.text(text) for key, text in sentences.items()}, ensure_ascii=False)

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        request = field.renderer.request
        send_to = address(field, "form_files")
        if send_to:
            upload_session(request)  # two files sent at once must not each begin a session
        kw |= {"send_to": send_to, "largest": upload_store(request).max_bytes}
        files = () if cstruct in (colander.null, None) else tuple(cstruct)
        values = {"files": files, "refused": getattr(field, "refused", ()), "gone": getattr(field, "gone", False),
                  "labels": [file.name for file in files]}
        return super().serialize(field, cstruct, **(kw | values))

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        field.refused = []
        if pstruct is colander.null or pstruct is None:
            return colander.null
        parts = pstruct if isinstance(pstruct, list) else [pstruct]
        request = field.renderer.request
        files: list[StoredUpload] = []
        reasons: list[Text] = []
        for part in parts:
            if hasattr(part, "file"):
                self._take(request, part, files, field, reasons)
            elif isinstance(part, str):
                kept = upload_store(request).get(upload_session(request), part) if part else None
                if kept is not None:
                    files.append(kept)
                elif part:
                    reasons.append(_("A file you sent earlier is not kept any more; choose it again."))
            elif part not in (b"", colander.null, None):
                raise colander.Invalid(field.schema, MALFORMED, tuple(files))
        if len(files) > self.most:
            reasons.append(_("Too many files; ${count} at most.", mapping={"count": self.most}))
        if reasons:
            raise colander.Invalid(field.schema, list(dict.fromkeys(reasons)), tuple(files))
        return tuple(files) or colander.null

    def _take(
        self, request: Request, part: Any, files: list[StoredUpload], field: Field, reasons: list[Text]
    ) -> None:
        name = part.filename or ""
        try:
            files.append(upload_store(request).put(upload_session(request), part.file, name))
        except UploadRefused as refusal:
            field.refused.append(safe_name(name))
            reasons.append(refusal.message)


def take_file(request: Request) -> dict[str, Any]:
    """What the script sent: one file as ``upload``, to be kept for this session; or ``drop``, the id of one to forget.

    Gives ``uid``, ``name``, ``size`` in words; or ``error``, a sentence, with status 422.
    """
    store, session, show = upload_store(request), upload_session(request), request.ui.show
    dropped, part = request.POST.get("drop"), request.POST.get("upload")
    if isinstance(dropped, str):
        store.remove(session, dropped)
        return {}
    try:
        if not hasattr(part, "file"):
            raise UploadRefused(_("Choose a file."))
        kept = store.put(session, part.file, part.filename or "")
    except UploadRefused as refusal:
        request.response.status_int = 422
        return {"error": show.text(refusal.message)}
    return {"uid": kept.uid, "name": kept.name, "size": show.size(kept.size)}


def kept_files(fields: Iterable[Field]) -> list[str]:
    """Names of the files that stay in the form, for the sentence that says so."""
    return [
        file.name
        for field in fields
        if isinstance(field.widget, FileWidget) and field.cstruct not in (colander.null, None)
        for file in field.cstruct
    ]
