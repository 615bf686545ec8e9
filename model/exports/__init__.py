"""Drawings as files: PNG, SVG, ZIP, GIF, WebP and MP4."""
