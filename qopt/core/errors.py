"""The error tree.

    QoptError
    ├─ ModelError (ValueError)             the input is wrong: place, rule, value, suggestion; many at once
    │   └─ UnsupportedModelError           the input is right but holds something qopt cannot carry, by name
    ├─ CompileError (ValueError)           a problem that the asked-for backend or guarantee cannot take
    ├─ NotApplicableError (ValueError)     a backend asked to do what it does not accept; carries the reasons
    ├─ UnknownPluginError (LookupError)    kind, name, the names that exist
    ├─ BackendError (RuntimeError)         a backend failed
    │   ├─ BackendUnavailableError         an optional library is missing; says which extra to install
    │   └─ BackendContractError            a backend returned what its seam forbids; names row, claimed, actual
    └─ RecordError (ValueError)            a stored record, plan or certificate that cannot be read

Infeasible, nothing found and out of time are values with a reason (``core.result.Status``), never errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's input something stands.

    Parameters
    ----------
    file
        Path as the user wrote it; empty for input that has no file.
    line, column
        1-based; 0 when unknown.
    path
        The path inside the document, such as ``visits[3].windows[0]``; empty when unknown.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        text = ":".join(parts)
        if self.path:
            text = f"{text}: {self.path}" if text else self.path
        return text


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with the input.

    Parameters
    ----------
    rule
        The rule that is broken, in one sentence.
    value
        The offending value as the user wrote it; empty when the fault is an absence.
    place
        Where it stands.
    suggestion
        One thing to do about it; empty when there is nothing useful to say.
    """

    rule: str
    value: str = ""
    place: Place = Place()
    suggestion: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.rule}" if str(self.place) else self.rule
        if self.value:
            text += f", got {self.value}"
        if self.suggestion:
            text += f" ({self.suggestion})"
        return text

    def to_dict(self) -> dict[str, object]:
        """The six facts of DESIGN section 5: file, line, column, rule, value, suggestion (and the path)."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "path": self.place.path,
            "rule": self.rule,
            "value": self.value,
            "suggestion": self.suggestion,
        }


class QoptError(Exception):
    """Root of every error that qopt raises on purpose."""


class ModelError(QoptError, ValueError):
    """The input is wrong. Holds every issue found, in reading order.

    Parameters
    ----------
    issues
        One or more issues, or a plain sentence for input without a place.
    """

    def __init__(self, issues: str | Issue | Sequence[Issue]) -> None:
        if isinstance(issues, str):
            issues = Issue(issues)
        self.issues: tuple[Issue, ...] = (issues,) if isinstance(issues, Issue) else tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))


class UnsupportedModelError(ModelError):
    """The input is well formed but holds something qopt cannot carry; the issue names it."""


class CompileError(QoptError, ValueError):
    """A problem that cannot be lowered as asked: the message says what, why, needed and allowed."""


class NotApplicableError(QoptError, ValueError):
    """A backend was asked for something it does not accept.

    Parameters
    ----------
    backend
        Name of the backend.
    reasons
        One sentence per mismatch.
    """

    def __init__(self, backend: str, reasons: Sequence[str]) -> None:
        self.backend = backend
        self.reasons = tuple(reasons)
        super().__init__(f"{backend} does not accept this: " + "; ".join(self.reasons))


class UnknownPluginError(QoptError, LookupError):
    """No plug-in of that name; the message lists those that exist."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"no {kind} named {name!r}; there are: {', '.join(self.known)}")


class BackendError(QoptError, RuntimeError):
    """A backend failed while working; ``__cause__`` holds the foreign error."""


class BackendUnavailableError(BackendError):
    """An optional library is missing, or what it works with.

    Parameters
    ----------
    backend
        What was asked for.
    extra
        The extra that brings the library, as in ``pip install 'qopt[extra]'``.
    needs
        What is missing.
    """

    def __init__(self, backend: str, extra: str, needs: str = "a library that is not installed") -> None:
        self.backend, self.extra = backend, extra
        super().__init__(f"{backend} needs {needs} (pip install 'qopt[{extra}]')")


class BackendContractError(BackendError):
    """A backend returned something its seam forbids, such as an energy that is not that of its bits."""


class RecordError(QoptError, ValueError):
    """A stored record, plan or certificate that cannot be read; the message gives found and supported."""


class QoptWarning(UserWarning):
    """Root of qopt's warnings; each is also kept in the run record."""
