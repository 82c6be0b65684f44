"""The expression language of documents: text -> checked syntax tree -> arrays; nothing is ever evaluated as Python."""
