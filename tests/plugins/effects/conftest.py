"""An effect that tells another side of each request, that other side with its moods, and what is asked of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core import builtin, effects
from crm_core.app import App
from crm_core.contributions import Collection, Effect, NotDone
from crm_core.effects import EffectRow, EffectRunner
from crm_core.host import Candidate
from crm_core.model.journal import JournalEntry
from crm_core.model.plain import Plain
from crm_core.services import Services
from crm_core.services.deadletters import DeadLetter
from crm_core.testing.factories import make_contact, submit

SENT = Collection("post.sent", "Sent")


class Outside:
    """The other side: what arrived, and how it behaves next (errors that are raised, oldest first)."""

    def __init__(self) -> None:
        self.arrived: list[tuple[int, str]] = []
        self.moods: list[BaseException | None] = []
        self.moods_of: dict[int, list[BaseException | None]] = {}
        """the same for one request only"""
        self.before: Callable[[], object] = lambda: None

    @property
    def ids(self) -> list[int]:
        """The requests that it was told of."""
        return [id_ for id_, _key in self.arrived]

    def act(self, data: Plain, key: str) -> Plain:
        self.before()
        moods = self.moods_of.get(int(data["request"]), self.moods)
        mood = moods.pop(0) if moods else None
        if isinstance(mood, NotDone):
            raise mood
        self.arrived.append((int(data["request"]), key))
        if mood is not None:
            raise mood
        return {"number": len(self.arrived)}


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def prepare() -> Callable[[Services, JournalEntry], Plain | None]:
    """What the effect tells of an entry."""

    def prepare_(services: Services, entry: JournalEntry) -> Plain | None:
        request = services.root.requests.get(entry.subject[1])
        return None if request is None or request.contact is None else {"request": str(request.id)}

    return prepare_


@pytest.fixture
def keep() -> Callable[[Services, JournalEntry, Plain], None]:
    """What the effect keeps of an answer."""

    def keep_(services: Services, entry: JournalEntry, answer: Plain) -> None:
        services.collections["post.sent"].add({"request": str(entry.subject[1]), "number": answer["number"]})

    return keep_


@pytest.fixture
def posting(made: Any, outside: Outside, prepare: Any, keep: Any) -> Callable[..., Candidate]:
    """``posting(**words)``: the plugin with the effect; ``words`` instead of those it has."""

    def make(**more: Any) -> Candidate:
        words = {"prepare": prepare, "act": outside.act, "done": keep, **more}
        created = frozenset({"request.created"})
        candidate: Candidate = made("post", SENT, Effect("post.tell", "Tell them", created, **words))
        return candidate

    return make


class Post:
    """An application with the runner of its effects, which has begun."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.runner = EffectRunner(app)
        self.runner.begin()

    def another(self) -> Post:
        """One more runner of the same application."""
        return Post(self.app)

    def register(self, contact: int | None = None) -> int:
        """A general request of that citizen or of a new one; its id."""

        def work(services: Services) -> int:
            person = make_contact(services) if contact is None else services.contacts.get(contact)
            return submit(services, person, builtin.GENERAL, {"category": "service"}).id

        return self.app.run(work)

    def person(self) -> int:
        return self.app.run(lambda services: make_contact(services).id)

    def act_all(self) -> None:
        while self.runner.step():
            pass

    def make_due(self) -> None:
        """Let what waits for its next try be due."""

        def work(services: Services) -> None:
            state = services.root.effects["post.tell"]
            state.due = 0
            for key, letter in list(state.desk().waiting.items()):
                del state.desk().waiting[key]
                letter.due = 0
                state.desk().waiting[key & 0xFFFFF] = letter

        self.app.run(work)

    def retry(self, letter: DeadLetter) -> None:
        self.app.run(lambda services: services.dead_letters.retry(letter.id))

    def give_up(self, letter: DeadLetter, reason: str) -> None:
        self.app.run(lambda services: services.dead_letters.give_up(letter.id, reason))

    def row(self) -> EffectRow:
        with self.app.reading() as services:
            (found,) = effects.effects(services.root, self.app.registry)
            return found

    def letters(self) -> list[DeadLetter]:
        with self.app.reading() as services:
            return services.dead_letters.rows()

    def sent(self) -> list[int]:
        """The requests whose answers were kept."""
        with self.app.reading() as services:
            return [int(item.data["request"]) for item in services.collections["post.sent"]]


class OpenPost:
    """Opens one installation, with the plugin or without it; before it is opened again it must be closed."""

    def __init__(self, open_with: Any, posting: Callable[..., Candidate]) -> None:
        self._open_with, self._posting = open_with, posting

    def __call__(self, **words: Any) -> Post:
        return Post(self._open_with([self._posting(**words)]))

    def without_plugin(self) -> Post:
        return Post(self._open_with([]))

    def close(self, post: Post) -> None:
        self._open_with.close(post.app)


@pytest.fixture
def open_post(open_with: Any, posting: Callable[..., Candidate]) -> OpenPost:
    """``open_post(removes_doubles=…)``, ``open_post.without_plugin()``: a `Post`; ``open_post.close(post)``."""
    return OpenPost(open_with, posting)
