"""Documents: YAML or JSON text -> plain data in which every key and value knows its place, and issues that name it."""

from qopt.models.documents.document import Document, load_document, validate
from qopt.models.documents.limits import DEFAULT, Limits

__all__ = ["DEFAULT", "Document", "Limits", "load_document", "validate"]
