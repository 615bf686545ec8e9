"""Sending runs to MLflow."""
