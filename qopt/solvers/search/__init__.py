"""The search behind the sampler ``anneal``: arms that search a landscape, an elite of what they found, a portfolio."""
