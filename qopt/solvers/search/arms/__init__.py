"""One file per arm: a way of searching a landscape, from the elite it is shown."""
