"""The tray of drawings that a visitor keeps."""
