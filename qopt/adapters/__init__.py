"""How other libraries use qopt."""
