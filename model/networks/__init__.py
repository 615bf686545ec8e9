"""The networks: generators, discriminators, and the classifiers that look at drawings."""
