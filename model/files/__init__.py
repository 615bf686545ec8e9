"""The files that hold networks: checkpoints, the shared base and the classifiers; and where they are."""
