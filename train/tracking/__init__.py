"""Runs on record in MLflow."""
