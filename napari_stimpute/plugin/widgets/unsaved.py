"""Ask before unsaved results are lost: Save, Discard, Cancel."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox, QWidget

from ...errors import StimputeError
from ...panels.unsaved import SAVE_TITLE, TITLE, proposed_name, unsaved_in_words
from ...session.autosave import autosave_of
from ...session.session import SAVE, Session
from .saving import ask_where

Act = Callable[[], object]


def ask_first(
    parent: QWidget | None, session: Session, go_on: Act, stay: Act = lambda: None
) -> None:
    """Go on at once if nothing would be lost; else ask, without blocking, and do what is answered.

    Parameters
    ----------
    go_on : what would lose the unsaved results; after Save, once they are in a file
    stay : called where people would rather not
    """
    words = unsaved_in_words(session)
    if not words:
        go_on()
        return
    kinds = QMessageBox.StandardButton
    box = QMessageBox(
        QMessageBox.Icon.Question,
        TITLE,
        words,
        kinds.Save | kinds.Discard | kinds.Cancel,
        parent or QApplication.activeWindow(),
    )
    box.setTextFormat(Qt.TextFormat.PlainText)  # it names columns of the file
    box.setDefaultButton(kinds.Save)

    def answered(answer: int) -> None:
        box.deleteLater()  # named here: without a parent, nothing else would keep it
        if answer == kinds.Save.value:
            _save_first(parent, session, go_on, stay)
        elif answer == kinds.Discard.value:
            QTimer.singleShot(0, go_on)
        else:
            stay()

    box.finished.connect(answered)
    box.open()


def ask_before_closing(window: QWidget | None, session: Session) -> None:
    """Ask when a person closes a window with unsaved results in it; a script is not asked.

    Until then a copy of them is kept, which the next start offers if this process is killed.
    """
    if isinstance(window, QMainWindow) and not window.findChild(_Guard):
        window.installEventFilter(_Guard(window, session))


class _Guard(QObject):
    def __init__(self, window: QMainWindow, session: Session) -> None:
        super().__init__(window)
        self._window, self._session, self._is_answered = window, session, False
        self._copies = autosave_of(session)

    def eventFilter(self, _window: QObject | None, event: QEvent | None) -> bool:
        is_close = event is not None and event.type() == QEvent.Type.Close
        if not is_close or self._is_answered or not self._session.unsaved:
            return False
        central, direct = self._window.centralWidget(), Qt.FindChildOption.FindDirectChildrenOnly
        inside = [] if central is None else central.findChildren(QWidget, options=direct)
        if not any(widget.isVisible() for widget in inside):  # napari closed them: by a script
            return False
        assert event is not None
        event.ignore()
        ask_first(self._window, self._session, self._close)
        return True

    def _close(self) -> None:
        self._is_answered = True
        self._copies.close()
        self._window.close()


def _save_first(parent: QWidget | None, session: Session, go_on: Act, stay: Act) -> None:
    is_begun = []

    def save(path: str) -> None:
        try:
            session.save_later(path, lambda _file: QTimer.singleShot(0, go_on))
            is_begun.append(path)
        except StimputeError as problem:
            session.report(str(problem), SAVE)

    ask_where(parent, SAVE_TITLE, proposed_name(session), save)
    if not is_begun:
        stay()
