"""Who may be given a request: what is refused to whoever registers one or hands it over, one at a time or many.

Imports tell of the past and are not asked; closing a unit asks before it lets a request stay with whom it was with.
"""

from __future__ import annotations

from crm_core.i18n import Text, TextFactory
from crm_core.model.request import Request
from crm_core.model.user import User
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.users import Users
from crm_core.services.visibility import Eyes, Visibility

_ = TextFactory("crm_core")
NOT_TO_THIS_PERSON = _("This request must not go to this person.")
NO_SUCH_USER = _("This member of staff does not exist.")
TAKES_NONE = _("This member of staff is not given requests.")
NOT_OF_THIS_UNIT = _("This member of staff does not work in that unit; choose somebody who does, or nobody.")


class Receivers:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.users = Users(context)

    def error(self, unit: int | None, assignee: int | None, request: Request | None = None) -> Text:
        """Why a request (this one, when it is given) cannot go to a member of staff in a unit; "" when it can.

        ``unit`` None: it lies in no unit, which every member of staff may take work from.
        """
        if assignee is None:
            return ""
        user = self.users.find(assignee)
        if user is None:
            return NO_SUCH_USER
        if request is not None and not self._may_know(user, request):
            return NOT_TO_THIS_PERSON
        if not self.takes_requests(user):
            return TAKES_NONE
        return "" if self._works_in(user, unit) else NOT_OF_THIS_UNIT

    def takes_requests(self, user: User) -> bool:
        """Whether somebody can be given any request at all."""
        return user.active and self.users.identity(user).has(Permission.REQUEST_VIEW)

    def may_have(self, user: User, request: Request) -> bool:
        """Whether somebody may have a request, whichever unit it lies in."""
        return self.takes_requests(user) and self._may_know(user, request)

    def _may_know(self, user: User, request: Request) -> bool:
        """Whether a request is not kept from somebody, by itself or by its citizen, even when it is his."""
        if user.id in request.hidden_from:
            return False
        contact = self.context.root.contacts.get(request.contact or 0)
        eyes = Eyes(self.context.root, self.users.identity(user))
        return contact is None or eyes.of_contact(contact) is not Visibility.HIDDEN

    def _works_in(self, user: User, unit: int | None) -> bool:
        """Whether somebody belongs to a unit or to one below it; who belongs to none works everywhere.

        Who takes something over himself works in the units below his own too.
        """
        if unit is None or not user.units:
            return True
        if user.id == self.context.identity.user_id and unit in self.context.identity.units:
            return True
        return unit in self.around(user.units)

    def around(self, units: tuple[int, ...]) -> set[int]:
        """``units`` and all that they lie below."""
        found: set[int] = set()
        for start in units:
            unit = self.context.root.units.get(start)
            while unit is not None and unit.id not in found:
                found.add(unit.id)
                unit = self.context.root.units.get(unit.parent or 0)
        return found
