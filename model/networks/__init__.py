"""The networks: generators, discriminators, and the classifiers of drawings."""
