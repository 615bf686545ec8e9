"""What a page needs that has no server."""
